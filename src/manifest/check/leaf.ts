// Problems of a single value, without what lies inside it: its type, and its limits.
import type { z } from 'zod'
import { nearest } from '../../base/index.ts'
import type { Finding } from '../finding.ts'
import type { Path } from '../path.ts'
import { describe, expected, hasTypeOf, label, show } from './words.ts'

/** The type is wrong: what was expected, and how to write it. */
export function wrongType(schema: z.ZodType, value: unknown, path: Path): Finding {
  const want = expected(schema)
  return {
    code: 'WrongType',
    path,
    message: `${label(path)} must be ${want}, not ${describe(value)}`,
    hint: howToWrite(want, value),
  }
}

function howToWrite(want: string, value: unknown): string {
  if (value === null) return 'give a value, or remove the field'
  if (/\ba text\b|^one of/.test(want) && typeof value !== 'object') return `quote it: "${String(value)}"`
  if (want === 'a list' && typeof value !== 'object') return `write a list: [${show(value)}]`
  if (want === 'a list') return 'write a list: put "- " before each item'
  return `write ${want}`
}

/** Problems of a value whose type is right: limits, patterns, lists of lawful values. Items and members are not looked at. */
export function checkLeaf(schema: z.ZodType, value: unknown, path: Path): Finding[] {
  if (!hasTypeOf(schema, value)) return [wrongType(schema, value, path)]
  const result = schema.safeParse(value)
  if (result.success) return []
  const own = result.error.issues.filter((issue) => issue.path.length === 0)
  return own.flatMap((issue) => explain(issue, { schema, value, path }))
}

interface Subject {
  schema: z.ZodType
  value: unknown
  path: Path
}

function explain(issue: z.core.$ZodIssue, { schema, value, path }: Subject): Finding[] {
  const invalid = (message: string, hint: string): Finding[] => [{ code: 'InvalidValue', path, message, hint }]
  switch (issue.code) {
    case 'invalid_type':
      return [wrongType(schema, value, path)]
    case 'invalid_value':
      return invalid(`${show(value)} is not lawful for ${label(path)}`, lawfulValues(value, issue.values.map(String)))
    case 'invalid_format':
      return invalid(`${show(value)} is not lawful for ${label(path)}`, `use ${issue.message}`)
    case 'too_small':
      return invalid(...tooSmall(issue, path))
    case 'too_big':
      return invalid(...tooBig(issue, path))
    case 'invalid_union':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
      return [] // found by the walk itself, with better words
    case 'not_multiple_of':
    case 'custom':
      return invalid(`${show(value)} is not lawful for ${label(path)}`, issue.message ?? 'choose another value')
    default:
      return issue satisfies never
  }
}

function lawfulValues(value: unknown, lawful: string[]): string {
  const near = typeof value === 'string' ? nearest(value, lawful) : undefined
  const list = `one of ${lawful.join(', ')}`
  return near === undefined ? `use ${list}` : `did you mean "${near}"? Use ${list}`
}

function tooSmall(issue: z.core.$ZodIssueTooSmall, path: Path): [string, string] {
  const least = String(issue.minimum)
  if (issue.origin === 'string' && least !== '1')
    return [`${label(path)} has fewer than ${least} characters`, `use ${least} or more characters`]
  if (issue.origin === 'string') return [`${label(path)} is empty`, 'give a text, or remove the field']
  if (issue.origin === 'array') return [`${label(path)} is empty`, 'give at least one item, or remove the field']
  return [`${label(path)} is less than ${least}`, `use ${least} or more`]
}

function tooBig(issue: z.core.$ZodIssueTooBig, path: Path): [string, string] {
  const most = String(issue.maximum)
  if (issue.origin === 'string')
    return [`${label(path)} has more than ${most} characters`, `use at most ${most} characters`]
  if (issue.origin === 'array') return [`${label(path)} has more than ${most} items`, `use at most ${most} items`]
  return [`${label(path)} is more than ${most}`, `use ${most} or less`]
}
