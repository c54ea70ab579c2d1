// Manifest text in, checked documents and every problem out. YAML 1.2 and JSON, any number of documents in a file.
// Never throws for what a user wrote. A document with errors is left out of `documents`; its neighbours are not.
import { type Document, LineCounter, parseAllDocuments, type YAMLParseError } from 'yaml'
import { checkDocument, type ManifestDocument, nameOf } from './document.ts'
import type { Finding } from './finding.ts'
import { formatPath } from './path.ts'
import { inFileOrder, type LocatedProblem, type Location } from './problem.ts'
import { Locator } from './yaml/locator.ts'
import { readDocument } from './yaml/reader.ts'

/** A checked document and the way back into its file. */
export type ParsedDocument = ManifestDocument & {
  /** `metadata.name`, else `metadata.generateName`. */
  name: string
  /**
   * The place of a field path in the file; with an offset, the place of that character (UTF-16, 0-based) of the field's
   * text. Where the path leads to nothing, its nearest ancestor answers.
   */
  locate: (path: string, offset?: number) => Location
}

export interface ParseResult {
  documents: ParsedDocument[]
  /** Errors and warnings, in the order of the files. */
  problems: LocatedProblem[]
}

export interface SourceFile {
  name: string
  text: string
}

/** Parses one file. */
export function parseDocuments(text: string, fileName: string): ParseResult {
  return parseFiles([{ name: fileName, text }])
}

/** Parses several files that belong together: names are unique over all of them. */
export function parseFiles(files: readonly SourceFile[]): ParseResult {
  const results = files.map(parseFile)
  const documents = results.flatMap((result) => result.documents)
  const problems = [...results.flatMap((result) => result.problems), ...duplicateObjects(documents)]
  return { documents, problems: inFileOrder(problems) }
}

/** Checks a value that a program made (by the builder, say); it has no lines, so every place is the top of the file. */
export function parseValue(value: unknown, fileName: string): ParseResult {
  const top: Location = { file: fileName, line: 1, column: 1 }
  const { document, findings } = checkDocument(value)
  const problems = findings.map(({ code, severity, path, message, hint }): LocatedProblem => {
    return { code, severity: severity ?? 'error', path: formatPath(path), message, hint, ...top }
  })
  if (document === undefined) return { documents: [], problems }
  return { documents: [{ ...document, name: nameOf(document), locate: () => top }], problems }
}

function parseFile({ name, text }: SourceFile): ParseResult {
  const withoutMark = text.replace(/^\uFEFF/, '')
  const lines = new LineCounter()
  const result: ParseResult = { documents: [], problems: [] }
  const parsed = parseYaml(withoutMark, lines)
  if (parsed === undefined) {
    const hint = 'write it with less nesting'
    const message = 'it is nested too deeply'
    result.problems.push({ ...syntaxProblem(message, hint), file: name, line: 1, column: 1 })
    return result
  }
  const filled = parsed.filter((document) => document.errors.length > 0 || !isEmpty(document))
  if (filled.length === 0) result.problems.push(emptyFile(name))
  for (const document of filled) {
    const locator = new Locator({ file: name, text: withoutMark, lines, document })
    const { documents, problems } = parseOne(document, locator)
    result.documents.push(...documents)
    result.problems.push(...problems)
  }
  return result
}

function parseYaml(text: string, lineCounter: LineCounter): Document.Parsed[] | undefined {
  try {
    const documents = parseAllDocuments(text, {
      version: '1.2',
      schema: 'core',
      intAsBigInt: true,
      uniqueKeys: false,
      keepSourceTokens: true,
      prettyErrors: false,
      lineCounter,
    })
    return [...documents]
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined // the parser recurses, thousands of brackets exhaust the stack
    throw thrown
  }
}

const isEmpty = ({ contents }: Document.Parsed): boolean =>
  contents === null || ('value' in contents && contents.value === null && contents.range[0] === contents.range[1])

function parseOne(document: Document.Parsed, locator: Locator): ParseResult {
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) return { documents: [], problems: syntaxProblems(broken, locator) }
  const { value, findings: readFindings } = readDocument(document)
  const { document: checked, findings } = checkDocument(value)
  const all = [...readFindings, ...findings]
  const problems = all.map((finding) => locate(finding, locator))
  if (checked === undefined || problems.some(({ severity }) => severity === 'error')) return { documents: [], problems }
  const locateField = (path: string, offset?: number): Location => locator.value(path, offset)
  return { documents: [{ ...checked, name: nameOf(checked), locate: locateField }], problems }
}

function locate({ code, severity, path, atKey, offset, message, hint }: Finding, locator: Locator): LocatedProblem {
  const text = formatPath(path)
  const place = offset !== undefined ? locator.at(offset) : atKey === true ? locator.key(text) : locator.value(text)
  return { code, severity: severity ?? 'error', path: text, message, hint, ...place }
}

/** The parser's errors, the first of each line: what follows on the same line is mostly its echo. */
function syntaxProblems(
  errors: readonly Pick<YAMLParseError, 'message' | 'pos'>[],
  locator: Locator,
): LocatedProblem[] {
  const byLine = new Map<number, LocatedProblem>()
  for (const { message, pos } of errors) {
    const place = locator.at(pos[0])
    if (byLine.has(place.line)) continue
    byLine.set(place.line, { ...syntaxProblem(uncapitalised(message), 'correct the YAML'), ...place })
  }
  return [...byLine.values()]
}

const uncapitalised = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replaceAll('\n', ' ')

const syntaxProblem = (message: string, hint: string) =>
  ({ code: 'YamlSyntax', severity: 'error', path: '', message, hint }) as const

const emptyFile = (file: string): LocatedProblem => ({
  code: 'EmptyFile',
  severity: 'error',
  path: '',
  message: 'the file holds no document',
  hint: 'write at least one, with apiVersion and kind',
  file,
  line: 1,
  column: 1,
})

function duplicateObjects(documents: readonly ParsedDocument[]): LocatedProblem[] {
  const first = new Map<string, ParsedDocument>()
  return documents.flatMap((document): LocatedProblem[] => {
    const { name, namespace } = document.value.metadata
    if (name === undefined) return []
    const key = JSON.stringify([document.kind, namespace ?? null, name])
    const earlier = first.get(key)
    if (earlier === undefined) {
      first.set(key, document)
      return []
    }
    const { file, line } = earlier.locate('metadata.name')
    return [
      {
        code: 'DuplicateObject',
        severity: 'error',
        path: 'metadata.name',
        message: `${document.kind} "${name}" is there already, at ${file}:${line}`,
        hint: 'rename or remove one of the two',
        ...document.locate('metadata.name'),
      },
    ]
  })
}
