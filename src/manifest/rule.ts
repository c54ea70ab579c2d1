// Rules between the fields of one object. They stand in the schemas once and are read three times: `check/` applies them
// locally, `crd/` turns them into CEL (or into `oneOf` where CEL would cost too much), the reference pages print their words.

/** The key of a schema's metadata under which its rules lie. */
const RULES_KEY = 'x-loom-rules'

export type Rule =
  | { kind: 'exactlyOne' | 'atMostOne' | 'atLeastOne'; fields: readonly string[]; message: string }
  /** `field` may only be given when `sibling` has this value. */
  | { kind: 'onlyWhen'; field: string; sibling: string; equals: string; message: string }
  /** Of two numbers. */
  | { kind: 'notAbove'; low: string; high: string; message: string }
  /** On a union of two objects: who gives `field` gives none of the other object's fields. */
  | { kind: 'either'; field: string; message: string }

/** Metadata for a schema: what must hold between its fields. */
export const rules = (...list: Rule[]) => ({ [RULES_KEY]: list })

export const exactlyOne = (...fields: string[]): Rule => ({
  kind: 'exactlyOne',
  fields,
  message: `give exactly one of ${fields.join(', ')}`,
})

export const atMostOne = (...fields: string[]): Rule => ({
  kind: 'atMostOne',
  fields,
  message: `give at most one of ${fields.join(', ')}`,
})

export const atLeastOne = (...fields: string[]): Rule => ({
  kind: 'atLeastOne',
  fields,
  message: `give ${fields.join(' or ')}`,
})

export const onlyWhen = (field: string, sibling: string, equals: string): Rule => ({
  kind: 'onlyWhen',
  field,
  sibling,
  equals,
  message: `${field} is only for ${sibling} ${equals}`,
})

export const notAbove = (low: string, high: string): Rule => ({
  kind: 'notAbove',
  low,
  high,
  message: `${low} must not be above ${high}`,
})

export const either = (field: string, message: string): Rule => ({ kind: 'either', field, message })

/** The rules in the metadata of a schema, or in what became of it as JSON schema. */
export function rulesIn(metadata: object | undefined): Rule[] {
  const list: unknown = metadata === undefined ? undefined : Reflect.get(metadata, RULES_KEY)
  return Array.isArray(list) ? list.filter(isRule) : []
}

function isRule(value: unknown): value is Rule {
  return typeof value === 'object' && value !== null && 'kind' in value && 'message' in value
}
