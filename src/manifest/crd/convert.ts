// zod schema → JSON schema (by zod) → structural schema (here). Invariants: every node has a type or preserves unknown
// fields; no node has both `properties` and `additionalProperties`; unions of objects are merged into one object with a
// rule; other unions become "any value", which is checked when the object is compiled.
import { z } from 'zod'
import { type Alternatives, rulesAsSchema } from './rule-to-schema.ts'
import type { StructuralSchema } from './structural-schema.ts'

type Json = Record<string, unknown>

/** The structural schema of a zod schema. */
export function toStructural(schema: z.ZodType): StructuralSchema {
  return convert(toJson(schema), 1)
}

/** zod's own JSON schema, in which the rules still stand as metadata. */
export function toJson(schema: z.ZodType): Json {
  return asJson(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' }))
}

/** Keywords that mean the same in both worlds. */
const KEPT = [
  'description',
  'default',
  'enum',
  'format',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'pattern',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
] as const

/** Elements that a list or map without a bound may have, for CEL's cost. */
const UNBOUNDED = 1_000_000

/** @param calls how many such nodes an object may have: the product of the bounds of the lists and maps around it */
function convert(json: Json, calls: number): StructuralSchema {
  const options = list(json['anyOf']).map(asJson)
  if (options.length > 0) return convertUnion(json, options, calls)
  switch (json['type']) {
    case 'object':
      return convertObject(json, calls)
    case 'array': {
      const items = convert(asJson(json['items']), calls * bound(json['maxItems']))
      return { ...kept(json), type: 'array', items }
    }
    case 'integer':
      return { ...kept(withoutSafeLimits(json)), type: 'integer', format: integerFormat(json), ...nullable(json) }
    case 'string':
      return { ...kept(json), type: 'string', ...nullable(json) }
    case 'number':
      return { ...kept(json), type: 'number', ...nullable(json) }
    case 'boolean':
      return { ...kept(json), type: 'boolean', ...nullable(json) }
    default:
      return anything(json)
  }
}

function convertObject(json: Json, calls: number): StructuralSchema {
  const properties = asJson(json['properties'] ?? {})
  const names = Object.keys(properties)
  const base: StructuralSchema = { ...kept(json), type: 'object' }
  const values = json['additionalProperties']
  if (names.length === 0) {
    if (json['x-kubernetes-preserve-unknown-fields'] === true && 'properties' in json)
      return { ...base, 'x-kubernetes-preserve-unknown-fields': true }
    if (values === undefined || values === false) return base
    const additionalProperties = convert(asJson(values), calls * bound(json['maxProperties']))
    // CEL can't see a map whose values are of any type, but it can see an object of unknown fields, which admits the same.
    if (additionalProperties.type === undefined) return { ...base, 'x-kubernetes-preserve-unknown-fields': true }
    return { ...base, additionalProperties }
  }
  return {
    ...base,
    ...(json['required'] === undefined ? {} : { required: list(json['required']).map(String) }),
    properties: Object.fromEntries(names.map((name) => [name, convert(asJson(properties[name]), calls)])),
    ...rulesAsSchema(json, calls),
    ...(isOpen(values) ? { 'x-kubernetes-preserve-unknown-fields': true as const } : {}),
  }
}

const isOpen = (values: unknown): boolean => values !== undefined && values !== false

function convertUnion(json: Json, options: Json[], calls: number): StructuralSchema {
  if (!options.every((option) => option['type'] === 'object' && option['properties'] !== undefined))
    return anything(json)
  const branches = options.map((option) => convertObject(option, calls))
  const [first] = branches
  if (first === undefined) return anything(json)
  const properties = Object.fromEntries(branches.flatMap((branch) => Object.entries(branch.properties ?? {})))
  const alternatives: Alternatives = { required: first.required ?? [], others: Object.keys(first.properties ?? {}) }
  const own = rulesAsSchema(json, calls, alternatives)
  const cel = [...(own['x-kubernetes-validations'] ?? []), ...(first['x-kubernetes-validations'] ?? [])]
  const allOf = [...(own.allOf ?? []), ...(first.allOf ?? [])]
  return {
    ...kept(json),
    type: 'object',
    properties,
    ...(allOf.length === 0 ? {} : { allOf }),
    ...(cel.length === 0 ? {} : { 'x-kubernetes-validations': cel }),
  }
}

/** A node of any type. It is nullable, because the API server drops nulls from fields that are not. */
function anything(json: Json): StructuralSchema {
  const { description } = kept(json)
  return {
    ...(description === undefined ? {} : { description }),
    nullable: true,
    'x-kubernetes-preserve-unknown-fields': true,
  }
}

function kept(json: Json): StructuralSchema {
  return Object.fromEntries(KEPT.flatMap((key) => (json[key] === undefined ? [] : [[key, json[key]]])))
}

const nullable = (json: Json): Pick<StructuralSchema, 'nullable'> =>
  json['nullable'] === true ? { nullable: true } : {}

/** zod bounds every integer by what a JavaScript number holds; that bound says nothing about the field. */
function withoutSafeLimits({ minimum, maximum, ...rest }: Json): Json {
  return {
    ...rest,
    ...(minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  }
}

const integerFormat = ({ maximum }: Json): string =>
  typeof maximum === 'number' && maximum < 2 ** 31 ? 'int32' : 'int64'

const bound = (limit: unknown): number => (typeof limit === 'number' ? limit : UNBOUNDED)
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
