// Statistics of a data file as the log holds them: raw JSON text, made of the row that a COPY with RETURN_STATS gives.
//
// ST1 Bounds are bounds: what is cut is cut outwards (a minimum down, a maximum up); what can't be bounded is left out.
// ST2 Digits never pass through a JavaScript number, but for FLOAT and DOUBLE, which are such numbers.
// ST3 Left out: bounds of booleans, binary values and columns that hold NaN; everything inside lists and maps.
import type { Json } from '../../base/index.ts'
import { identifier, type JsonRow } from '../../step/index.ts'
import type { DeltaField, DeltaSchema, DeltaType } from './schema.ts'

export interface StatsRequest {
  schema: DeltaSchema
  /** They are in no data file, so nothing is said of them. */
  partitionColumns: string[]
  /** The table's properties: `delta.dataSkippingNumIndexedCols` says for how many columns, nested ones counted apart. */
  configuration?: Record<string, string>
}

const DEFAULT_COLUMNS = 32
/** Longer texts are cut to so many code points. */
const TEXT_LENGTH = 32

type ColumnStats = Record<string, string>
/** A column's JSON text, or that of its members. */
type Tree = { [name: string]: string | Tree }

/** @param row one file's row of `COPY … (RETURN_STATS true)` */
export function statsOf(row: JsonRow, request: StatsRequest): string {
  const columns = new Map(entriesOf(row['column_statistics']).map(([name, stats]) => [name, statsRecord(stats)]))
  const limit = Number(request.configuration?.['delta.dataSkippingNumIndexedCols'] ?? DEFAULT_COLUMNS)
  const fields = request.schema.fields.filter((field) => !request.partitionColumns.includes(field.name))
  const leaves = fields.flatMap((field) => leavesOf(field, [])).slice(0, limit < 0 ? undefined : limit)
  const trees = { minValues: tree(), maxValues: tree(), nullCount: tree() }
  for (const { path, type } of leaves) {
    const stats = columns.get(path.map(identifier).join('.'))
    if (stats === undefined || isNested(type)) continue
    const nulls = stats['null_count']
    if (nulls !== undefined && /^[0-9]+$/.test(nulls)) set(trees.nullCount, path, nulls)
    const min = bound(stats, type, 'min')
    const max = bound(stats, type, 'max')
    if (min !== undefined) set(trees.minValues, path, min)
    if (max !== undefined) set(trees.maxValues, path, max)
  }
  const parts = Object.entries(trees).map(([name, values]) => `"${name}":${show(values)}`)
  return `{"numRecords":${BigInt(String(row['count']))},${parts.join(',')}}`
}

const tree = (): Tree => Object.create(null) as Tree

const isNested = (type: DeltaType): boolean => typeof type !== 'string'

function leavesOf(field: DeltaField, parents: string[]): { path: string[]; type: DeltaType }[] {
  const path = [...parents, field.name]
  if (typeof field.type === 'string' || field.type.type !== 'struct') return [{ path, type: field.type }]
  return field.type.fields.flatMap((member) => leavesOf(member, path))
}

function bound(stats: ColumnStats, type: DeltaType, side: 'min' | 'max'): string | undefined {
  const text = stats[side]
  if (text === undefined || typeof type !== 'string') return undefined
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return /^-?[0-9]+$/.test(text) ? text : undefined
    case 'float':
    case 'double':
      return stats['has_nan'] === 'true' ? undefined : floatText(text, type)
    case 'string':
      return textBound(text, side)
    case 'date':
      return /^\d{4}-\d\d-\d\d$/.test(text) ? JSON.stringify(text) : undefined
    case 'timestamp':
    case 'timestamp_ntz':
      return timestampBound(text, type, side)
    default:
      return type.startsWith('decimal') && /^-?[0-9]+(?:\.[0-9]+)?$/.test(text) ? text : undefined
  }
}

/** A FLOAT in all the digits of its value, so that a reader who takes it for a DOUBLE gets the same number. */
function floatText(text: string, type: 'float' | 'double'): string | undefined {
  const value = type === 'float' ? Math.fround(Number(text)) : Number(text)
  if (!Number.isFinite(value)) return undefined
  return Object.is(value, -0) ? '-0.0' : JSON.stringify(value)
}

function textBound(text: string, side: 'min' | 'max'): string | undefined {
  const points = Array.from(text)
  if (points.length <= TEXT_LENGTH) return JSON.stringify(text)
  const kept = points.slice(0, TEXT_LENGTH)
  if (side === 'min') return JSON.stringify(kept.join(''))
  while (kept.length > 0) {
    const next = successor(kept.pop() ?? '')
    if (next !== undefined) return JSON.stringify(kept.join('') + next)
  }
  return undefined
}

/** The next code point: texts are compared by those. */
function successor(char: string): string | undefined {
  const point = (char.codePointAt(0) ?? 0) + 1
  if (point > 0x10ffff) return undefined
  return String.fromCodePoint(point === 0xd800 ? 0xe000 : point)
}

/** Milliseconds are what every reader keeps. */
function timestampBound(text: string, type: 'timestamp' | 'timestamp_ntz', side: 'min' | 'max'): string | undefined {
  const [, date, time, fraction = ''] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:\+00)?$/.exec(text) ?? []
  if (date === undefined) return undefined
  const cut = fraction.slice(0, 3).padEnd(3, '0')
  const exact = /^0*$/.test(fraction.slice(3))
  const millis = Date.parse(`${date}T${time}.${cut}Z`) + (side === 'max' && !exact ? 1 : 0)
  const iso = new Date(millis).toISOString()
  if (iso.length !== 24) return undefined
  return JSON.stringify(type === 'timestamp' ? iso : iso.slice(0, -1))
}

function set(values: Tree, path: string[], text: string): void {
  let at = values
  for (const name of path.slice(0, -1)) {
    const known = at[name]
    const inner = typeof known === 'object' ? known : tree()
    at[name] = inner
    at = inner
  }
  at[path.at(-1) ?? ''] = text
}

function show(values: string | Tree): string {
  if (typeof values === 'string') return values
  return `{${Object.entries(values)
    .map(([name, value]) => `${JSON.stringify(name)}:${show(value)}`)
    .join(',')}}`
}

/** The entries of a MAP as the engine's JSON rows have it. */
function entriesOf(map: Json | undefined): [string, Json][] {
  if (!Array.isArray(map)) return []
  return map.flatMap((entry) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return []
    return [[String(entry['key']), entry['value'] ?? null] as [string, Json]]
  })
}

function statsRecord(stats: Json): ColumnStats {
  return Object.fromEntries(
    entriesOf(stats).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}
