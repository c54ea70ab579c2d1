// What can be wrong with a manifest before it is compiled: one code, one line. The compiler's codes stand in its own table.

export const MANIFEST_PROBLEM_CODES = {
  YamlSyntax: 'The text is neither YAML nor JSON, or uses something of YAML that manifests may not (tags, cycles).',
  EmptyFile: 'The file holds no document.',
  AmbiguousYaml: 'Unquoted text that YAML 1.1 (which kubectl reads) takes for something else than YAML 1.2.',
  BigInteger: 'A number beyond 2^53, which JSON tools round; it is kept as the text of its digits.',
  DuplicateKey: 'A key occurs twice in one mapping.',
  DuplicateObject: 'Two documents have the same kind, namespace and name.',
  UnknownApiVersion: 'apiVersion is not one that this version knows.',
  UnknownKind: 'kind is not one that this version knows.',
  UnknownField: 'The object has no such field.',
  MissingField: 'A required field is not there.',
  WrongType: 'The value has another type than the field.',
  InvalidValue: 'The value has the right type, but is not lawful for the field.',
  NotExactlyOne: 'Of a group of fields exactly one must be given.',
  MoreThanOne: 'Of a group of fields at most one may be given.',
  FieldNotAllowed: 'The field only makes sense together with another value of a sibling.',
} as const

export type ManifestProblemCode = keyof typeof MANIFEST_PROBLEM_CODES
