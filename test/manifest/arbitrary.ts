// Random documents that their schema takes: the schema itself says what to generate.
import fc from 'fast-check'
import { z } from 'zod'
import { KINDS, type Kind, type ManifestDocument } from '../../src/manifest/index.ts'
import { type Rule, rulesIn } from '../../src/manifest/rule.ts'
import { anyText } from '../base/any-text.ts'

const oddText = fc.oneof(
  anyText(12),
  fc.constantFrom(
    'no',
    'ON',
    'y',
    '0777',
    '1:30',
    '1_000',
    '2013-01-01',
    '~',
    'null',
    '1e3',
    '<<',
    '- a',
    'a: b',
    '#',
    ' x',
    'x ',
    '',
    '0o7',
    '.5',
    '=',
    '@',
    '%',
  ),
  fc
    .array(fc.constantFrom('SELECT 1', 'a', ' b', 'c ', '\tt', '', '# x', '|'), { maxLength: 5 })
    .map((lines) => lines.join('\n')),
)

const anyJson = fc
  .jsonValue({ depthSize: 'small', maxDepth: 2 })
  .map((value): unknown => JSON.parse(JSON.stringify(value, safeMembers)))

/** An integer that JavaScript has rounded already is no fair test of who keeps its digits. */
const kept = (value: number): number => (Number.isInteger(value) && !Number.isSafeInteger(value) ? 0.5 : value + 0)

/** Keys that no document may have, out of the way. */
function safeMembers(_: string, value: unknown): unknown {
  if (typeof value === 'number') return kept(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== '__proto__'))
}

function arbitraryOf(schema: unknown, depth: number): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodOptional) return arbitraryOf(schema.unwrap(), depth)
  if (schema instanceof z.ZodNullable) return fc.option(arbitraryOf(schema.unwrap(), depth))
  if (schema instanceof z.ZodObject) return objectOf(schema, depth)
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map((option) => arbitraryOf(option, depth)))
  if (schema instanceof z.ZodArray) {
    const least = schema.safeParse([]).success ? 0 : 1
    return fc.array(arbitraryOf(schema.element, depth + 1), {
      minLength: least,
      maxLength: depth > 3 ? Math.max(least, 1) : 2,
    })
  }
  if (schema instanceof z.ZodRecord) return recordOf(schema, depth)
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options)
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values)
  if (schema instanceof z.ZodBoolean) return fc.boolean()
  if (schema instanceof z.ZodNull) return fc.constant(null)
  if (schema instanceof z.ZodNumberFormat)
    return lawful(schema, fc.oneof(fc.integer({ min: 1, max: 9 }), fc.maxSafeInteger()), 1)
  if (schema instanceof z.ZodNumber)
    return lawful(schema, fc.double({ noNaN: true, noDefaultInfinity: true }).map(kept), 2)
  if (schema instanceof z.ZodString) return textOf(schema)
  return anyJson
}

/** What is generated, if the schema takes it, else a value that it surely takes. */
const lawful = (schema: z.ZodType, values: fc.Arbitrary<unknown>, otherwise: unknown): fc.Arbitrary<unknown> =>
  values.map((value) => (schema.safeParse(value).success ? value : otherwise))

/** Texts for the patterns that manifests have, where a generated one is too long. */
const SAMPLES = ['a', '1s', 'a.b', '1Mi', 'x']

function textOf(schema: z.ZodString): fc.Arbitrary<unknown> {
  const sample = SAMPLES.find((text) => schema.safeParse(text).success)
  const { pattern } = z.toJSONSchema(schema)
  return lawful(schema, pattern === undefined ? oddText : fc.stringMatching(new RegExp(pattern)), sample)
}

function recordOf(schema: z.ZodRecord, depth: number): fc.Arbitrary<unknown> {
  const keys = arbitraryOf(schema.keyType, depth).map(String)
  const safe = keys.filter((key) => key !== '__proto__')
  return fc.dictionary(safe, arbitraryOf(schema.valueType, depth + 1), { maxKeys: 2, noNullPrototype: true })
}

function objectOf(schema: z.ZodObject, depth: number): fc.Arbitrary<unknown> {
  const required = Object.keys(schema.shape).filter((name) => !(schema.shape[name] instanceof z.ZodOptional))
  const members = Object.fromEntries(
    Object.entries(schema.shape).map(([name, member]) => [name, arbitraryOf(member, depth + 1)]),
  )
  const object = fc.record(members, {
    requiredKeys: [...required, ...rulesOf(schema).flatMap(needed)],
    noNullPrototype: true,
  })
  return fc
    .tuple(object, fc.nat())
    .map(([value, choice]) => rulesOf(schema).reduce((kept, rule) => obey(rule, kept, choice), value))
}

const rulesOf = (schema: z.ZodType): Rule[] => rulesIn(schema.meta())

/** All fields of a group are generated, so that any of them can be kept. */
const needed = (rule: Rule): string[] => ('fields' in rule ? [...rule.fields] : [])

function obey(rule: Rule, value: Record<string, unknown>, choice: number): Record<string, unknown> {
  const without = (names: readonly string[]) =>
    Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
  if (rule.kind === 'onlyWhen') return value[rule.sibling] === rule.equals ? value : without([rule.field])
  if (rule.kind === 'notAbove') {
    const [low, high] = [value[rule.low], value[rule.high]]
    return typeof low === 'number' && typeof high === 'number' && low > high ? without([rule.low]) : value
  }
  if (rule.kind === 'either' || rule.kind === 'atLeastOne') return value
  const kept = rule.fields[choice % (rule.fields.length + (rule.kind === 'atMostOne' ? 1 : 0))]
  return without(rule.fields.filter((name) => name !== kept))
}

/** Lawful documents of a kind. Lists and maps are kept short, texts odd, integers such that every reader keeps them. */
export const anyOfKind = <K extends Kind>(kind: K): fc.Arbitrary<z.infer<(typeof KINDS)[K]>> =>
  arbitraryOf(KINDS[kind], 0).map((value) => KINDS[kind].parse(value) as z.infer<(typeof KINDS)[K]>)

/** Lawful documents of any kind. */
export const anyDocument: fc.Arbitrary<ManifestDocument['value']> = fc.oneof(
  anyOfKind('ETLPipeline'),
  anyOfKind('ETLRun'),
  anyOfKind('ETLStorage'),
  anyOfKind('ETLWorkerPool'),
)
