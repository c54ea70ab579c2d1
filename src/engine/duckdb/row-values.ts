// Values of the engine as JavaScript values, for rows that code sees, and back.
//
// BOOLEAN boolean · 8 to 32 bits and floats number · 64 bits and more bigint · DECIMAL number up to 15 digits, else text ·
// DATE CalendarDate (a Date, midnight UTC) · timestamps Date (milliseconds; what is finer is cut) · TIME, INTERVAL, UUID, ENUM, BIT text ·
// BLOB Uint8Array · lists array · STRUCT object · MAP Map · NULL null.
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
  listValue,
  mapValue,
  structValue,
} from '@duckdb/node-api'
import type { Row } from '../../step/index.ts'
import { CalendarDate } from './calendar-date.ts'
import type { Shape } from './row-shape.ts'

/** Decimals of so many digits are exact as numbers. */
const EXACT_DIGITS = 15

export function toRow(names: readonly string[], values: readonly DuckDBValue[]): Row {
  const row: Row = {}
  names.forEach((name, i) => {
    row[name] = toJs(values[i] ?? null)
  })
  return row
}

function toJs(value: DuckDBValue): unknown {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof DuckDBDecimalValue) return value.width <= EXACT_DIGITS ? value.toDouble() : value.toString()
  if (value instanceof DuckDBDateValue) return value.isFinite ? new CalendarDate(value.days) : String(value)
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes)
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toJs)
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, member]) => [name, toJs(member)]))
  if (value instanceof DuckDBMapValue)
    return new Map(value.entries.map((entry) => [toJs(entry.key), toJs(entry.value)]))
  if (value instanceof DuckDBUnionValue) return toJs(value.value)
  const millis = millisOf(value)
  if (millis !== undefined) return Math.abs(millis) <= 8.64e15 ? new Date(millis) : String(value)
  return String(value)
}

function millisOf(value: object): number | undefined {
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
    return Math.floor(Number(value.micros) / 1000)
  if (value instanceof DuckDBTimestampMillisecondsValue) return Number(value.millis)
  if (value instanceof DuckDBTimestampSecondsValue) return Number(value.seconds) * 1000
  if (value instanceof DuckDBTimestampNanosecondsValue) return Number(value.nanos / 1_000_000n)
  return undefined
}

/** @param shape one that the value's own shape was joined into */
export function toEngine(value: unknown, shape: Shape): DuckDBValue {
  if (value === null || value === undefined) return null
  switch (shape.kind) {
    case 'integer':
    case 'huge':
      return BigInt(value as number | bigint)
    case 'double':
      return Number(value)
    case 'date':
      return new DuckDBDateValue((value as CalendarDate).days)
    case 'instant':
      return new DuckDBTimestampTZValue(BigInt((value as Date).getTime()) * 1000n)
    case 'bytes':
      return new DuckDBBlobValue(value as Uint8Array)
    case 'list':
      return listValue((value as unknown[]).map((item) => toEngine(item, shape.item)))
    case 'struct':
      return structValue(
        Object.fromEntries([...shape.fields].map(([name, field]) => [name, toEngine((value as Row)[name], field)])),
      )
    case 'map':
      return mapValue(
        [...(value as Map<unknown, unknown>)].map(([key, member]) => ({
          key: toEngine(key, shape.key),
          value: toEngine(member, shape.value),
        })),
      )
    case 'null':
    case 'boolean':
    case 'text':
      return value as boolean | string
    default:
      return shape satisfies never
  }
}
