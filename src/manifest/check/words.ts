// The words in which problems speak about values and about what a field expects.
import { z } from 'zod'
import type { Path } from '../path.ts'

const LONGEST_VALUE = 60

/** `"sql"`, `item 0 of "keys"`, `the document`. */
export function label(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return 'the document'
  if (typeof last === 'string') return `"${last}"`
  const owner = path.at(-2)
  return typeof owner === 'string' ? `item ${last} of "${owner}"` : `item ${last}`
}

/** A value in one short line of JSON. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}

/** What a value is: `the number 3`, `a list`, `nothing`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return `the text ${show(value)}`
  return typeof value === 'number' ? `the number ${value}` : String(value)
}

/** What a schema wants: `a text`, `an integer`, `a list or a text`. */
export function expected(schema: z.ZodType): string {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return expected(inner(schema))
  if (schema instanceof z.ZodEnum) return `one of ${schema.options.join(', ')}`
  if (schema instanceof z.ZodString) return 'a text'
  if (schema instanceof z.ZodNumberFormat) return 'an integer'
  if (schema instanceof z.ZodNumber) return 'a number'
  if (schema instanceof z.ZodBoolean) return 'true or false'
  if (schema instanceof z.ZodNull) return 'null'
  if (schema instanceof z.ZodArray) return 'a list'
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return 'a mapping'
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(show).join(' or ')
  if (schema instanceof z.ZodUnion)
    return [...new Set(schema.options.map((option) => expected(asSchema(option))))].join(' or ')
  return 'a value'
}

/** True when a value has the JSON type that a schema wants; says nothing about its contents. */
export function hasTypeOf(schema: z.ZodType, value: unknown): boolean {
  if (schema instanceof z.ZodOptional) return value === undefined || hasTypeOf(inner(schema), value)
  if (schema instanceof z.ZodNullable) return value === null || hasTypeOf(inner(schema), value)
  if (schema instanceof z.ZodUnion) return schema.options.some((option) => hasTypeOf(asSchema(option), value))
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return typeof value === 'string'
  if (schema instanceof z.ZodNumberFormat) return Number.isInteger(value)
  if (schema instanceof z.ZodNumber) return typeof value === 'number'
  if (schema instanceof z.ZodBoolean) return typeof value === 'boolean'
  if (schema instanceof z.ZodNull) return value === null
  if (schema instanceof z.ZodArray) return Array.isArray(value)
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return isMapping(value)
  return true
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The schema inside an optional or nullable one. */
export function inner(schema: z.ZodOptional | z.ZodNullable): z.ZodType {
  return asSchema(schema.unwrap())
}

/** zod types its inner schemas as their core; all of ours are full ones. */
export function asSchema(schema: unknown): z.ZodType {
  if (schema instanceof z.ZodType) return schema
  throw new TypeError('a manifest schema is made of full zod schemas')
}
