// Rules between fields, for the API server: as CEL, whose messages are ours, where its cost estimate allows; else as
// `oneOf`, which costs nothing but speaks in the API server's words.
import { type Rule, rulesIn } from '../rule.ts'
import type { CelRule, StructuralSchema, Validation } from './structural-schema.ts'

/**
 * The API server multiplies a rule's cost with how often it may be called, which it takes from the bounds of all lists and
 * maps around it; more than 10 million per rule or 100 million per CRD are refused. Our estimate of a rule's cost is
 * above the server's, and a rule may use half of the limit.
 */
const COST_PER_FIELD = 20
const MOST_COST_PER_RULE = 5_000_000

/** What an object with alternatives is made of, for the rule `either`. */
export interface Alternatives {
  /** Fields that must be there when the deciding field is not. */
  required: readonly string[]
  /** All fields of the other kind of object. */
  others: readonly string[]
}

const NO_ALTERNATIVES: Alternatives = { required: [], others: [] }

/** The keywords that make the API server apply the rules in a schema's metadata. */
export function rulesAsSchema(
  metadata: object,
  calls: number,
  alternatives: Alternatives = NO_ALTERNATIVES,
): Pick<StructuralSchema, 'allOf' | 'x-kubernetes-validations'> {
  const cel: CelRule[] = []
  const allOf: Validation[] = []
  for (const rule of rulesIn(metadata)) {
    const fields = fieldCount(rule, alternatives)
    if (rule.kind === 'notAbove' || fields * COST_PER_FIELD * calls <= MOST_COST_PER_RULE)
      cel.push(...asCel(rule, alternatives))
    else allOf.push(asValidation(rule, alternatives))
  }
  return {
    ...(allOf.length === 0 ? {} : { allOf }),
    ...(cel.length === 0 ? {} : { 'x-kubernetes-validations': cel }),
  }
}

function fieldCount(rule: Rule, { others }: Alternatives): number {
  if (rule.kind === 'onlyWhen' || rule.kind === 'notAbove') return 2
  return rule.kind === 'either' ? others.length + 1 : rule.fields.length
}

const has = (field: string): string => `has(self.${field})`

function asCel(rule: Rule, { required, others }: Alternatives): CelRule[] {
  const { message } = rule
  switch (rule.kind) {
    case 'exactlyOne':
      return [{ rule: `[${rule.fields.map(has).join(', ')}].exists_one(x, x)`, message }]
    case 'atMostOne':
      return [{ rule: `[${rule.fields.map(has).join(', ')}].filter(x, x).size() <= 1`, message }]
    case 'atLeastOne':
      return [{ rule: rule.fields.map(has).join(' || '), message }]
    case 'onlyWhen':
      return [{ rule: `!${has(rule.field)} || self.${rule.sibling} == '${rule.equals}'`, message }]
    case 'notAbove':
      return [{ rule: `!${has(rule.low)} || !${has(rule.high)} || self.${rule.low} <= self.${rule.high}`, message }]
    case 'either':
      return [
        { rule: `!${has(rule.field)} || !(${others.map(has).join(' || ')})`, message },
        {
          rule: [rule.field, required.map(has).join(' && ')]
            .map((text, i) => (i === 0 ? has(text) : `(${text})`))
            .join(' || '),
          message: `give ${rule.field}, or ${required.join(' and ')}`,
        },
      ]
    default:
      return rule satisfies never
  }
}

const one = (field: string): Validation => ({ required: [field] })

/** Numbers can only be compared in CEL, which those few rules can pay for. */
function asValidation(rule: Exclude<Rule, { kind: 'notAbove' }>, { required, others }: Alternatives): Validation {
  switch (rule.kind) {
    case 'exactlyOne':
      return { oneOf: rule.fields.map(one) }
    case 'atMostOne':
      return { oneOf: [...rule.fields.map(one), { not: { anyOf: rule.fields.map(one) } }] }
    case 'atLeastOne':
      return { anyOf: rule.fields.map(one) }
    case 'onlyWhen':
      return { anyOf: [{ not: one(rule.field) }, { properties: { [rule.sibling]: { enum: [rule.equals] } } }] }
    case 'either':
      return {
        oneOf: [
          { required: [...required], not: one(rule.field) },
          { required: [rule.field], not: { anyOf: others.map(one) } },
        ],
      }
    default:
      return rule satisfies never
  }
}
