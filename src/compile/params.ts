// The params of a run: declared types, defaults and enums against the values given.
import { didYouMean } from '../base/index.ts'
import type { ParamSpec, Path } from '../manifest/index.ts'
import type { ParamValues, ScalarType, ScalarValue, TypedValue } from '../plan/index.ts'
import { convertScalar, shown } from './convert.ts'
import { type Findings, listed } from './findings.ts'
import { splitList } from './list-text.ts'

type Specs = Record<string, ParamSpec>
/** `item`: the position of the item that is wrong. */
type Conversion = { value: TypedValue } | { why: string; item?: number }

/**
 * @param given values by name, as the run has them
 * @returns the values of all params that could be determined
 */
export function resolveParams(specs: Specs, given: Record<string, unknown>, findings: Findings): ParamValues {
  const values = Object.entries(specs).flatMap(([name, spec]): [string, TypedValue][] => {
    checkDeclaration(name, spec, findings)
    const value = resolvedValue(name, spec, { given, findings })
    return value === undefined ? [] : [[name, value]]
  })
  const declared = Object.keys(specs)
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(specs, name)) continue
    const known = declared.length === 0 ? 'the pipeline declares none' : `declared are ${listed(declared)}`
    findings.error('UnknownParam', ['spec', 'params', name], {
      message: `there is no param "${name}"${didYouMean(name, declared)}`,
      hint: `leave it out, or declare it; ${known}`,
      document: 'run',
    })
  }
  return Object.fromEntries(values)
}

function resolvedValue(
  name: string,
  spec: ParamSpec,
  { given, findings }: { given: Record<string, unknown>; findings: Findings },
): TypedValue | undefined {
  const path: Path = ['spec', 'params', name]
  const own = Object.hasOwn(given, name) ? given[name] : undefined
  if (own === undefined) {
    if (spec.default === undefined) {
      findings.error('MissingParam', path, {
        message: `param "${name}" (${typeText(spec)}) has no value`,
        hint: `give it one: params: {${name}: …}, or --param ${name}=…`,
        document: 'run',
      })
      return undefined
    }
    const converted = convert(spec.default, spec)
    return 'value' in converted ? converted.value : undefined
  }
  const converted = convert(own, spec)
  if ('why' in converted) {
    const { why, item } = converted
    findings.error('InvalidParamValue', item === undefined || !Array.isArray(own) ? path : [...path, item], {
      message: `param "${name}" is ${withArticle(typeText(spec))}, but ${item === undefined ? why : `item ${item + 1}: ${why}`}`,
      hint: `give ${withArticle(typeText(spec))}`,
      document: 'run',
    })
    return undefined
  }
  if (isAllowed(converted.value, spec)) return converted.value
  findings.error('InvalidParamValue', path, {
    message: `param "${name}" is ${shown(own)}, which is not among its values`,
    hint: `give ${spec.type === 'list' ? 'some' : 'one'} of ${(spec.enum ?? []).map(shown).join(', ')}`,
    document: 'run',
  })
  return undefined
}

/** A default and an enum must themselves be of the type. */
function checkDeclaration(name: string, spec: ParamSpec, findings: Findings): void {
  const path: Path = ['spec', 'params', name]
  for (const [i, choice] of (spec.enum ?? []).entries()) {
    const converted = convertScalar(choice, itemType(spec))
    if ('why' in converted)
      findings.error('InvalidEnum', [...path, 'enum', i], {
        message: `a value of param "${name}": ${converted.why}`,
        hint: `give ${withArticle(itemType(spec))}`,
      })
  }
  if (spec.default === undefined) return
  const converted = convert(spec.default, spec)
  if ('why' in converted) {
    const { why, item } = converted
    findings.error('InvalidDefault', [...path, 'default', ...(item === undefined ? [] : [item])], {
      message: `the default of param "${name}": ${item === undefined ? why : `item ${item + 1}: ${why}`}`,
      hint: `give ${withArticle(typeText(spec))}, or leave the default out`,
    })
  } else if (!isAllowed(converted.value, spec)) {
    findings.error('InvalidDefault', [...path, 'default'], {
      message: `the default of param "${name}" is not among its values`,
      hint: `choose ${spec.type === 'list' ? 'from' : 'one of'} the enum`,
    })
  }
}

function convert(given: unknown, spec: ParamSpec): Conversion {
  if (spec.type !== 'list') return convertScalar(given, spec.type)
  if (!Array.isArray(given) && typeof given !== 'string') return { why: `${shown(given)} is no list` }
  const split = typeof given === 'string' ? splitList(given) : { items: given as unknown[] }
  if ('why' in split) return split
  const items = itemType(spec)
  const value: ScalarValue[] = []
  for (const item of split.items) {
    const converted = convertScalar(item, items)
    if ('why' in converted) return { why: converted.why, item: value.length }
    value.push(converted.value)
  }
  return { value: { type: 'list', items, value } }
}

/** By the enum; of a list each item must be in it. An enum that is itself wrong has been reported. */
function isAllowed(value: TypedValue, spec: ParamSpec): boolean {
  if (spec.enum === undefined) return true
  const choices = spec.enum.map((choice) => convertScalar(choice, itemType(spec)))
  if (choices.some((choice) => 'why' in choice)) return true
  const isChoice = (one: ScalarValue) => choices.some((choice) => 'value' in choice && choice.value.value === one.value)
  return value.type === 'list' ? value.value.every(isChoice) : isChoice(value)
}

const itemType = (spec: ParamSpec): ScalarType => (spec.type === 'list' ? (spec.items ?? 'string') : spec.type)
const typeText = (spec: ParamSpec): string => (spec.type === 'list' ? `list of ${itemType(spec)}s` : spec.type)
const withArticle = (what: string): string => (/^[aeio]/.test(what) ? `an ${what}` : `a ${what}`)
