// A document as YAML: fields in the order of the schema, texts quoted wherever YAML 1.1 or 1.2 would take them for
// something else. Parsing the result gives an equal document.
import { Document, isMap, isScalar, visit } from 'yaml'
import { z } from 'zod'
import { asSchema, inner, isMapping } from './check/words.ts'
import { KINDS, type ManifestDocument } from './document.ts'
import { otherReading } from './yaml/ambiguous.ts'

/** YAML text of a document, ending with a line feed. */
export function toYaml(document: ManifestDocument['value']): string {
  const yaml = new Document(inSchemaOrder(KINDS[document.kind], document), { version: '1.2', schema: 'core' })
  visit(yaml, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && mustBeQuoted(node.value)) node.type = 'QUOTE_DOUBLE'
    },
    Pair: (_, { key, value }) => {
      if (isScalar(key) && key.value === '<<') key.type = 'QUOTE_DOUBLE'
      if (isMap(value) && value.items.length === 0) value.flow = true
    },
  })
  return yaml.toString({ lineWidth: 0 })
}

/** Block scalars can not hold every text: control characters, odd line ends, and blanks at the edges go into quotes. */
function mustBeQuoted(text: string): boolean {
  return (
    otherReading(text) !== undefined ||
    /[\r\p{Cc}\u2028\u2029\uFEFF]/u.test(text.replaceAll('\n', '')) ||
    /^\s|[ \t]$|[ \t]\n|\n\n$/.test(text)
  )
}

function inSchemaOrder(schema: z.ZodType, value: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return inSchemaOrder(inner(schema), value)
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.map((item: unknown) => inSchemaOrder(asSchema(schema.element), item))
  if (schema instanceof z.ZodRecord && isMapping(value))
    return mapMembers(Object.keys(value), value, () => asSchema(schema.valueType))
  if (schema instanceof z.ZodObject && isMapping(value)) {
    const known = Object.keys(schema.shape)
    const rest = Object.keys(value).filter((key) => !known.includes(key))
    return mapMembers([...known, ...rest], value, (key) =>
      known.includes(key) ? asSchema(schema.shape[key]) : z.unknown(),
    )
  }
  if (schema instanceof z.ZodUnion && isMapping(value)) {
    const branch = schema.options.map(asSchema).find((option) => option.safeParse(value).success)
    return branch === undefined ? value : inSchemaOrder(branch, value)
  }
  return value
}

function mapMembers(keys: string[], value: Record<string, unknown>, schemaOf: (key: string) => z.ZodType): object {
  const present = keys.filter((key) => value[key] !== undefined)
  return Object.fromEntries(present.map((key) => [key, inSchemaOrder(schemaOf(key), value[key])]))
}
