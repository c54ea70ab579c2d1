// The params of a run: declared types, defaults and enums against the values given.
import { didYouMean } from '../base/index.ts'
import type { ParamSpec, Path } from '../manifest/index.ts'
import type { ParamValues, ScalarType, ScalarValue, TypedValue } from '../plan/index.ts'
import { convertScalar, shown } from './convert.ts'
import { type Findings, listed } from './findings.ts'

type Specs = Record<string, ParamSpec>
type Conversion = { value: TypedValue } | { why: string }

/**
 * @param given values by name, as the run has them
 * @returns the values of all params that could be determined
 */
export function resolveParams(specs: Specs, given: Record<string, unknown>, findings: Findings): ParamValues {
  const values: ParamValues = {}
  for (const [name, spec] of Object.entries(specs)) {
    checkDeclaration(name, spec, findings)
    const value = resolvedValue(name, spec, given, findings)
    if (value !== undefined) values[name] = value
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(specs, name)) continue
    const declared = Object.keys(specs)
    const known = declared.length === 0 ? 'the pipeline declares none' : `declared are ${listed(declared)}`
    findings.error('UnknownParam', ['spec', 'params', name], {
      message: `there is no param "${name}"${didYouMean(name, declared)}`,
      hint: `leave it out, or declare it; ${known}`,
    })
  }
  return values
}

function resolvedValue(
  name: string,
  spec: ParamSpec,
  given: Record<string, unknown>,
  findings: Findings,
): TypedValue | undefined {
  const path: Path = ['spec', 'params', name]
  const own = Object.hasOwn(given, name) ? given[name] : undefined
  if (own === undefined) {
    if (spec.default === undefined) {
      findings.error('MissingParam', path, {
        message: `param "${name}" (${typeText(spec)}) has no value`,
        hint: `give it one: params: {${name}: …}, or --param ${name}=…`,
      })
      return undefined
    }
    const converted = convert(spec.default, spec)
    return 'value' in converted ? converted.value : undefined
  }
  const converted = convert(own, spec)
  if ('why' in converted) {
    findings.error('InvalidParamValue', path, {
      message: `param "${name}" is ${withArticle(typeText(spec))}, but ${converted.why}`,
      hint: `give ${withArticle(typeText(spec))}`,
    })
    return undefined
  }
  const choices = spec.enum?.map((choice) => convert(choice, spec, true)) ?? []
  if (choices.length > 0 && !choices.some((choice) => 'value' in choice && isAmong(converted.value, choice.value))) {
    findings.error('InvalidParamValue', path, {
      message: `param "${name}" is ${shown(own)}, which is not among its values`,
      hint: `give one of ${(spec.enum ?? []).map(shown).join(', ')}`,
    })
    return undefined
  }
  return converted.value
}

/** A default and an enum must themselves be of the type. */
function checkDeclaration(name: string, spec: ParamSpec, findings: Findings): void {
  const path: Path = ['spec', 'params', name]
  for (const [i, choice] of (spec.enum ?? []).entries()) {
    const converted = convert(choice, spec, true)
    if ('why' in converted)
      findings.error('InvalidEnum', [...path, 'enum', i], {
        message: `a value of param "${name}": ${converted.why}`,
        hint: `give ${withArticle(itemType(spec))}`,
      })
  }
  if (spec.default === undefined) return
  const converted = convert(spec.default, spec)
  if ('why' in converted) {
    findings.error('InvalidDefault', [...path, 'default'], {
      message: `the default of param "${name}": ${converted.why}`,
      hint: `give ${withArticle(typeText(spec))}, or leave the default out`,
    })
    return
  }
  const choices = (spec.enum ?? []).map((choice) => convert(choice, spec, true))
  if (choices.length > 0 && !choices.some((choice) => 'value' in choice && isAmong(converted.value, choice.value))) {
    findings.error('InvalidDefault', [...path, 'default'], {
      message: `the default of param "${name}" is not among its values`,
      hint: 'choose one of the enum',
    })
  }
}

/** @param asItem convert one item of a list instead of a whole list */
function convert(given: unknown, spec: ParamSpec, asItem = false): Conversion {
  if (spec.type !== 'list') return convertScalar(given, spec.type)
  if (asItem) return convertScalar(given, itemType(spec))
  const items = itemType(spec)
  const list = Array.isArray(given) ? given : typeof given === 'string' ? splitList(given) : undefined
  if (list === undefined) return { why: `${shown(given)} is no list` }
  const value: ScalarValue[] = []
  for (const item of list) {
    const converted = convertScalar(item, items)
    if ('why' in converted) return { why: `item ${value.length + 1}: ${converted.why}` }
    value.push(converted.value)
  }
  return { value: { type: 'list', items, value } }
}

/** A command line gives a list as `a,b` or `[a, b]`; the empty text is the empty list. */
function splitList(text: string): string[] {
  const inner = /^\[(.*)\]$/s.exec(text.trim())?.[1] ?? text
  return inner.trim() === '' ? [] : inner.split(',').map((item) => item.trim())
}

function isAmong(value: TypedValue, choice: TypedValue): boolean {
  if (value.type === 'list') return value.value.every((item) => item.value === choice.value)
  return value.value === choice.value
}

const itemType = (spec: ParamSpec): ScalarType => (spec.type === 'list' ? (spec.items ?? 'string') : spec.type)
const typeText = (spec: ParamSpec): string => (spec.type === 'list' ? `list of ${itemType(spec)}s` : spec.type)
const withArticle = (what: string): string => (/^[aeio]/.test(what) ? `an ${what}` : `a ${what}`)
