// Checks a value against a manifest schema and finds every problem at once, in the order of the text. zod judges single
// values; the walk is ours, because zod's union errors and unknown keys say too little to help.
import { z } from 'zod'
import { nearest } from '../../base/index.ts'
import type { Finding } from '../finding.ts'
import type { Path } from '../path.ts'
import { type Rule, rulesIn } from '../rule.ts'
import { checkLeaf, wrongType } from './leaf.ts'
import { checkEither, checkRule } from './object-rules.ts'
import { asSchema, expected, hasTypeOf, inner, isMapping, label, show } from './words.ts'

/** Every problem of a value. None means that `schema.parse(value)` succeeds. */
export function check(schema: z.ZodType, value: unknown, path: Path = []): Finding[] {
  if (schema instanceof z.ZodOptional) return value === undefined ? [] : check(inner(schema), value, path)
  if (schema instanceof z.ZodNullable) return value === null ? [] : check(inner(schema), value, path)
  if (schema instanceof z.ZodObject) return checkObject(schema, value, path)
  if (schema instanceof z.ZodRecord) return checkRecord(schema, value, path)
  if (schema instanceof z.ZodArray) return checkArray(schema, value, path)
  if (schema instanceof z.ZodUnion) return checkUnion(schema, value, path)
  return checkLeaf(schema, value, path)
}

function checkObject(schema: z.ZodObject, value: unknown, path: Path): Finding[] {
  if (!isMapping(value)) return [wrongType(schema, value, path)]
  const findings: Finding[] = []
  const isStrict = schema.def.catchall instanceof z.ZodNever
  for (const [key, member] of Object.entries(value)) {
    if (Object.hasOwn(schema.shape, key)) findings.push(...check(asSchema(schema.shape[key]), member, [...path, key]))
    else if (isStrict) findings.push(unknownField(key, { known: Object.keys(schema.shape), present: value, path }))
  }
  for (const [key, member] of Object.entries(schema.shape)) {
    const field = asSchema(member)
    if (!Object.hasOwn(value, key) && !field.isOptional()) findings.push(missingField(key, field, path))
  }
  return [...findings, ...rulesOf(schema).flatMap((rule) => checkRule(rule, value, path))]
}

interface UnknownFieldContext {
  known: string[]
  present: object
  path: Path
}

function unknownField(key: string, { known, present, path }: UnknownFieldContext): Finding {
  const free = known.filter((name) => !Object.hasOwn(present, name))
  const near = nearest(key, free) ?? nearest(key, known)
  const way = near === undefined ? `remove it; lawful here: ${known.join(', ')}` : `did you mean "${near}"?`
  return {
    code: 'UnknownField',
    path: [...path, key],
    atKey: true,
    message: `${owner(path)} has no field "${key}"`,
    hint: way,
  }
}

function missingField(key: string, field: z.ZodType, path: Path): Finding {
  const about = field.description
  return {
    code: 'MissingField',
    path: [...path, key],
    message: `${owner(path)} has no "${key}"`,
    hint: `add ${key}: ${about === undefined ? expected(field) : decapitalised(about)}`,
  }
}

const owner = (path: Path): string => (path.length === 0 ? 'the document' : label(path))
const decapitalised = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '')

function checkRecord(schema: z.ZodRecord, value: unknown, path: Path): Finding[] {
  if (!isMapping(value)) return [wrongType(schema, value, path)]
  const keyType = asSchema(schema.keyType)
  const valueType = asSchema(schema.valueType)
  const findings = Object.entries(value).flatMap(([key, member]) => [
    ...checkLeaf(keyType, key, [...path, key]).map(
      (finding): Finding => ({ ...finding, message: `${show(key)} cannot be a name in ${owner(path)}`, atKey: true }),
    ),
    ...check(valueType, member, [...path, key]),
  ])
  const most = schema.meta()?.['maxProperties']
  if (typeof most === 'number' && Object.keys(value).length > most)
    findings.push({
      code: 'InvalidValue',
      path,
      message: `${label(path)} has more than ${most} entries`,
      hint: `use at most ${most} entries`,
    })
  return findings
}

function checkArray(schema: z.ZodArray, value: unknown, path: Path): Finding[] {
  if (!Array.isArray(value)) return [wrongType(schema, value, path)]
  const element = asSchema(schema.element)
  return [
    ...checkLeaf(schema, value, path),
    ...value.flatMap((item: unknown, index) => check(element, item, [...path, index])),
  ]
}

function checkUnion(schema: z.ZodUnion, value: unknown, path: Path): Finding[] {
  const options = schema.options.map(asSchema)
  const fitting = options.filter((option) => hasTypeOf(option, value))
  if (!isMapping(value) || fitting.length < 2) {
    const [branch] = fitting
    return branch === undefined ? [wrongType(schema, value, path)] : check(branch, value, path)
  }
  const rule = rulesOf(schema).find((candidate) => candidate.kind === 'either')
  const objects = fitting.filter((option) => option instanceof z.ZodObject)
  const branch = objects.find((option) => rule !== undefined && rule.field in option.shape === rule.field in value)
  if (rule === undefined || branch === undefined) return checkLeaf(schema, value, path)
  const others = objects.filter((option) => option !== branch).flatMap((option) => Object.keys(option.shape))
  const mixed = checkEither(rule, others, { value, path })
  const own = check(branch, value, path).filter(
    ({ code, path: at }) => !(mixed.length > 0 && code === 'UnknownField' && others.includes(String(at.at(-1)))),
  )
  return [...mixed, ...own]
}

const rulesOf = (schema: z.ZodType): Rule[] => rulesIn(schema.meta())
