// Applies the rules between the fields of one object, with the words that the API server uses too.
import type { Finding } from '../finding.ts'
import type { Path } from '../path.ts'
import type { Rule } from '../rule.ts'

type Mapping = Record<string, unknown>

/** Problems of an object by its own rules; `either` belongs to unions and is applied there. */
export function checkRule(rule: Rule, value: Mapping, path: Path): Finding[] {
  switch (rule.kind) {
    case 'exactlyOne':
      return checkCount(rule, value, path)
    case 'atMostOne':
      return checkCount(rule, value, path)
    case 'atLeastOne':
      return given(rule.fields, value).length > 0
        ? []
        : [{ code: 'MissingField', path, message: `none of ${rule.fields.join(', ')} is there`, hint: rule.message }]
    case 'onlyWhen':
      if (!(rule.field in value) || !(rule.sibling in value) || value[rule.sibling] === rule.equals) return []
      return [
        {
          code: 'FieldNotAllowed',
          path: [...path, rule.field],
          atKey: true,
          message: rule.message,
          hint: `remove it, or write ${rule.sibling}: ${rule.equals}`,
        },
      ]
    case 'notAbove': {
      const [low, high] = [value[rule.low], value[rule.high]]
      if (!(typeof low === 'number' && typeof high === 'number' && low > high)) return []
      const message = `${rule.low} is ${low}, above ${rule.high}, which is ${high}`
      return [{ code: 'InvalidValue', path: [...path, rule.low], message, hint: `lower it, or raise ${rule.high}` }]
    }
    case 'either':
      return []
    default:
      return rule satisfies never
  }
}

function checkCount(
  rule: Rule & { kind: 'exactlyOne' | 'atMostOne' | 'atLeastOne' },
  value: Mapping,
  path: Path,
): Finding[] {
  const present = given(rule.fields, value)
  if (present.length === 1 || (present.length === 0 && rule.kind === 'atMostOne')) return []
  const found = present.length === 0 ? 'none is there' : `${present.join(' and ')} are there`
  const code = rule.kind === 'exactlyOne' ? 'NotExactlyOne' : 'MoreThanOne'
  return [{ code, path, message: `${found}, of ${rule.fields.join(', ')}`, hint: rule.message }]
}

const given = (fields: readonly string[], value: Mapping): string[] =>
  fields.filter((field) => Object.hasOwn(value, field))

/** Fields of the other kind of object beside the one that says which kind it is. */
export function checkEither(
  rule: Rule & { kind: 'either' },
  others: readonly string[],
  subject: { value: Mapping; path: Path },
): Finding[] {
  const { value, path } = subject
  if (!Object.hasOwn(value, rule.field)) return []
  const mixed = given(others, value)
  if (mixed.length === 0) return []
  return [
    {
      code: 'NotExactlyOne',
      path: [...path, mixed[0] ?? rule.field],
      atKey: true,
      message: `${mixed.join(', ')} beside ${rule.field}`,
      hint: rule.message,
    },
  ]
}
