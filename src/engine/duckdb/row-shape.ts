// The type of a value that code returns, as far as the value tells it, and the type that fits two such values.
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DOUBLE,
  type DuckDBType,
  HUGEINT,
  LIST,
  MAP,
  STRUCT,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api'
import { identifier } from '../../step/index.ts'
import { CalendarDate } from './calendar-date.ts'

export type Shape =
  | { kind: 'null' | 'boolean' | 'integer' | 'huge' | 'double' | 'text' | 'date' | 'instant' | 'bytes' }
  | { kind: 'list'; item: Shape }
  | { kind: 'struct'; fields: Map<string, Shape> }
  | { kind: 'map'; key: Shape; value: Shape }

const NULL: Shape = { kind: 'null' }
const MAX_BIGINT = 2n ** 63n
const MAX_HUGEINT = 2n ** 127n

/** @returns a text instead when a table can't hold the value: what it is */
export function shapeOf(value: unknown): Shape | string {
  switch (typeof value) {
    case 'undefined':
      return NULL
    case 'boolean':
      return { kind: 'boolean' }
    case 'number':
      return { kind: Number.isSafeInteger(value) && !Object.is(value, -0) ? 'integer' : 'double' }
    case 'bigint':
      if (value >= -MAX_BIGINT && value < MAX_BIGINT) return { kind: 'integer' }
      return value >= -MAX_HUGEINT && value < MAX_HUGEINT ? { kind: 'huge' } : 'a bigint of more than 128 bits'
    case 'string':
      return { kind: 'text' }
    case 'object':
      return value === null ? NULL : objectShape(value)
    default:
      return `a ${typeof value}`
  }
}

function objectShape(value: object): Shape | string {
  if (value instanceof CalendarDate && value.isDay) return { kind: 'date' }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : { kind: 'instant' }
  if (value instanceof Uint8Array) return { kind: 'bytes' }
  if (Array.isArray(value)) {
    const item = joinAll(value)
    return typeof item === 'string' ? item : { kind: 'list', item }
  }
  if (value instanceof Map) {
    const [key, member] = [joinAll(value.keys()), joinAll(value.values())]
    if (typeof key === 'string') return key
    return typeof member === 'string' ? member : { kind: 'map', key, value: member }
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `a ${value.constructor.name}`
  const fields = new Map<string, Shape>()
  for (const [name, member] of Object.entries(value)) {
    const shape = shapeOf(member)
    if (typeof shape === 'string') return shape
    fields.set(name, shape)
  }
  return fields.size === 0 ? 'an object without members' : { kind: 'struct', fields }
}

function joinAll(values: Iterable<unknown>): Shape | string {
  let joined: Shape = NULL
  for (const value of values) {
    const shape = shapeOf(value)
    if (typeof shape === 'string') return shape
    const both = join(joined, shape)
    if (both === undefined) return `a list of both ${nameOf(joined)} and ${nameOf(shape)}`
    joined = both
  }
  return joined
}

const NUMBERS = ['integer', 'huge', 'double']

/** The shape that holds both; undefined when none does. */
export function join(a: Shape, b: Shape): Shape | undefined {
  if (a.kind === 'null') return b
  if (b.kind === 'null') return a
  if (a.kind === 'list' && b.kind === 'list') {
    const item = join(a.item, b.item)
    return item && { kind: 'list', item }
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const [key, value] = [join(a.key, b.key), join(a.value, b.value)]
    return key && value && { kind: 'map', key, value }
  }
  if (a.kind === 'struct' && b.kind === 'struct') {
    const fields = new Map(a.fields)
    for (const [name, shape] of b.fields) {
      const both = join(fields.get(name) ?? NULL, shape)
      if (both === undefined) return undefined
      fields.set(name, both)
    }
    return { kind: 'struct', fields }
  }
  if (a.kind === b.kind) return a
  if (a.kind === 'date' && b.kind === 'instant') return b
  if (a.kind === 'instant' && b.kind === 'date') return a
  const [rankA, rankB] = [NUMBERS.indexOf(a.kind), NUMBERS.indexOf(b.kind)]
  if (rankA < 0 || rankB < 0) return undefined
  return rankA > rankB ? a : b
}

/** Columns that hold nothing but nulls are text. */
export function engineType(shape: Shape): DuckDBType {
  switch (shape.kind) {
    case 'boolean':
      return BOOLEAN
    case 'integer':
      return BIGINT
    case 'huge':
      return HUGEINT
    case 'double':
      return DOUBLE
    case 'date':
      return DATE
    case 'instant':
      return TIMESTAMPTZ
    case 'bytes':
      return BLOB
    case 'null':
    case 'text':
      return VARCHAR
    case 'list':
      return LIST(engineType(shape.item))
    case 'map':
      return MAP(engineType(shape.key), engineType(shape.value))
    case 'struct':
      return STRUCT(Object.fromEntries([...shape.fields].map(([name, field]) => [name, engineType(field)])))
    default:
      return shape satisfies never
  }
}

export function sqlType(shape: Shape): string {
  switch (shape.kind) {
    case 'list':
      return `${sqlType(shape.item)}[]`
    case 'map':
      return `MAP(${sqlType(shape.key)}, ${sqlType(shape.value)})`
    case 'struct':
      return `STRUCT(${[...shape.fields].map(([name, field]) => `${identifier(name)} ${sqlType(field)}`).join(', ')})`
    default:
      return String(engineType(shape))
  }
}

/** What a user calls it. */
export function nameOf(shape: Shape): string {
  const names: Record<Shape['kind'], string> = {
    null: 'null',
    boolean: 'boolean',
    integer: 'integer',
    huge: 'integer',
    double: 'number',
    text: 'string',
    date: 'date',
    instant: 'Date',
    bytes: 'Uint8Array',
    list: 'array',
    struct: 'object',
    map: 'Map',
  }
  return names[shape.kind]
}
