// Values as users give them (YAML scalars, or text from a command line) → typed values. Lossless, or refused.
import type { ScalarType, ScalarValue } from '../plan/index.ts'

export type Converted = { value: ScalarValue } | { why: string }

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const

/** @returns the value, or why it is none of that type */
export function convertScalar(given: unknown, type: ScalarType): Converted {
  if (given === null || given === undefined) return { why: 'null is no value of a param' }
  if (typeof given === 'object') return { why: `${shown(given)} is not a single value` }
  if (type === 'string')
    return typeof given === 'string'
      ? { value: { type, value: given } }
      : { why: `${shown(given)} is not text; put it in quotes` }
  const plain = typeof given === 'string' ? given.trim() : given
  switch (type) {
    case 'integer':
      return convertInteger(plain)
    case 'number':
      return convertNumber(plain)
    case 'boolean':
      return convertBoolean(plain)
    case 'date':
      return convertDate(plain)
    case 'timestamp':
      return convertTimestamp(plain)
    case 'uuid': {
      const lawful = typeof plain === 'string' && /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(plain)
      return lawful ? { value: { type, value: plain.toLowerCase() } } : { why: `${shown(given)} is no UUID` }
    }
    default:
      return type satisfies never
  }
}

function convertInteger(given: unknown): Converted {
  if (Number.isInteger(given) && !Number.isSafeInteger(given))
    return { why: `${given} is beyond what YAML and JSON keep exactly; put its digits in quotes` }
  const text = String(given)
  if (typeof given === 'boolean' || !/^[+-]?[0-9]+$/.test(text)) return { why: `${shown(given)} is not a whole number` }
  const digits = BigInt(text.replace(/^\+/, ''))
  if (digits < INT64.min || digits > INT64.max) return { why: `${text} does not fit 64 bits` }
  return { value: { type: 'integer', value: digits.toString() } }
}

function convertNumber(given: unknown): Converted {
  const isText = typeof given === 'string' && /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(given)
  const value = isText ? Number(given) : given
  if (typeof value !== 'number' || !Number.isFinite(value)) return { why: `${shown(given)} is not a number` }
  return { value: { type: 'number', value } }
}

function convertBoolean(given: unknown): Converted {
  const value = given === 'true' ? true : given === 'false' ? false : given
  return typeof value === 'boolean'
    ? { value: { type: 'boolean', value } }
    : { why: `${shown(given)} is neither true nor false` }
}

/** Midnight in UTC is the day: kustomize, and so Flux, writes a day that way which stands without quotes in YAML. */
function convertDate(given: unknown): Converted {
  const match = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T00:00:00Z)?$/.exec(typeof given === 'string' ? given : '')
  const value = match?.[1] ?? ''
  if (!isCalendarDay(value)) return { why: `${shown(given)} is no day like 2026-01-31` }
  return { value: { type: 'date', value } }
}

const TIMESTAMP =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$/

/** An ISO 8601 instant of the years 1 to 9999; without a zone it is UTC, without a time it is midnight. */
export function convertTimestamp(given: unknown): Converted {
  const why = `${shown(given)} is no instant like 2026-01-31T12:00:00Z`
  const match = TIMESTAMP.exec(typeof given === 'string' ? given : '')
  if (match === null) return { why }
  const [, day = '', time = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match
  if (!isCalendarDay(day)) return { why }
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const ms = Date.parse(`${day}T${time}:${seconds}${offset}`)
  if (Number.isNaN(ms)) return { why }
  const inUtc = new Date(ms).toISOString()
  if (!/^(?!0000)[0-9]{4}-/.test(inUtc)) return { why } // the zone moved it out of the years that have four digits
  return { value: { type: 'timestamp', value: `${inUtc.slice(0, 19)}.${fraction.padEnd(6, '0')}Z` } }
}

function isCalendarDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) && !text.startsWith('0000')
}

/** A value in one short line, whatever a program gave. */
export function shown(value: unknown): string {
  const text = asText(value)
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}

function asText(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'an object'
  }
}
