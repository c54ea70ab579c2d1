// Rows written in the manifest: placeholders are filled in, and columns that get values of typed params keep their types.
import type { Json } from '../base/index.ts'
import type { Path, SourceSpec } from '../manifest/index.ts'
import type { RowsSource, ScalarType, ScalarValue, TypedValue } from '../plan/index.ts'
import { checkColumns, hasColumn } from './columns.ts'
import { convertScalar, shown } from './convert.ts'
import type { StepScope } from './step-scope.ts'

type RowsSpec = NonNullable<SourceSpec['rows']>

/** What a column of a param's values is; the engine casts to it. Tables have no type for UUIDs. */
const SQL_TYPES: Record<ScalarType, string> = {
  string: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  uuid: 'VARCHAR',
}

interface Cell {
  json: Json
  /** Where it is the value of a param. */
  param?: TypedValue
}

/**
 * Columns that are not declared come in alphabetical order, and those that params type before the others: the API server
 * does not keep the order in which they are written.
 */
export function rowsSource(alias: string, spec: RowsSpec, path: Path, scope: StepScope): RowsSource {
  const declared = spec.columns ?? []
  const names = declared.map(({ name }) => name)
  checkColumns(names, [...path, 'columns'], scope.findings)
  const cells = spec.values.map((row, i) =>
    Object.entries(row)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([column, value]) => ({ column, cell: cellOf(value, [...path, 'values', i, column], scope) })),
  )
  const typed = [...Map.groupBy(cells.flat(), ({ column }) => column)].flatMap(
    ([name, members]) =>
      typedColumn(
        name,
        members.map(({ cell }) => cell),
      ) ?? [],
  )
  const values = new Map(typed.flatMap((column) => [...column.values]))
  return {
    kind: 'rows',
    alias,
    rows: cells.map((row) =>
      Object.fromEntries(row.map(({ column, cell }) => [column, values.get(cell) ?? cell.json])),
    ),
    columns: [
      ...declared,
      ...typed.filter(({ name }) => !hasColumn(names, name)).map(({ name, type }) => ({ name, type })),
    ],
  }
}

function cellOf(given: unknown, path: Path, scope: StepScope): Cell {
  const read = scope.placeholders.value(given, path)
  if ('literal' in read) return { json: literalJson(read.literal, path, scope) }
  return read.value === undefined ? { json: null } : { json: paramJson(read.value), param: read.value }
}

/** Placeholders are filled in at any depth. */
function literalJson(given: unknown, path: Path, scope: StepScope): Json {
  if (given === null || given === undefined) return null
  if (typeof given === 'string' || typeof given === 'boolean') return given
  if (typeof given === 'number' && Number.isFinite(given)) return given
  if (Array.isArray(given)) return given.map((item: unknown, i) => cellOf(item, [...path, i], scope).json)
  if (isPlainObject(given))
    return Object.fromEntries(
      Object.entries(given)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, member]) => [key, cellOf(member, [...path, key], scope).json]),
    )
  scope.findings.error('InvalidRowValue', path, {
    message: `${shown(given)} is no value that JSON has`,
    hint: 'give text, a number, true, false, null, a list or a mapping; dates as text, with a type in columns',
  })
  return null
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function paramJson(value: TypedValue): Json {
  return value.type === 'list' ? value.value.map(scalarJson) : scalarJson(value)
}

/** An integer beyond 2^53 stays text. */
function scalarJson({ type, value }: ScalarValue): Json {
  return type === 'integer' && isSafe(value) ? Number(value) : value
}

const isSafe = (digits: string): boolean => Number.isSafeInteger(Number(digits))

interface TypedColumn {
  name: string
  type: string
  /** All in one form: the digits of integers, where a number would not keep one of them. */
  values: Map<Cell, Json>
}

/** A column with values of params, all of one type; what else stands in it must be of that type too. */
function typedColumn(name: string, cells: Cell[]): TypedColumn | undefined {
  const param = cells.find((cell) => cell.param !== undefined)?.param
  const type = param?.type === 'list' ? param.items : param?.type
  if (param === undefined || type === undefined || type === 'null') return undefined
  const asText = cells.some(({ json }) => [json].flat().some((item) => typeof item === 'string' && !isSafe(item)))
  const values = new Map<Cell, Json>()
  for (const cell of cells) {
    if (cell.json === null) continue
    if (cell.param !== undefined && sqlType(cell.param) !== sqlType(param)) return undefined
    if (Array.isArray(cell.json) !== (param.type === 'list')) return undefined
    const given = [cell.json].flat()
    const items = given.flatMap((item) => itemJson(item, type, asText) ?? [])
    if (items.length < given.length) return undefined
    values.set(cell, (param.type === 'list' ? items : items[0]) ?? null)
  }
  return { name, type: sqlType(param), values }
}

/** In brackets, as null is a value too; undefined: it is not of that type. */
function itemJson(item: Json, type: ScalarType, asText: boolean): [Json] | undefined {
  if (item === null) return [null]
  const converted = convertScalar(item, type)
  if ('why' in converted) return undefined
  return [type === 'integer' && asText ? converted.value.value : scalarJson(converted.value)]
}

function sqlType(value: TypedValue): string {
  if (value.type === 'list') return `${SQL_TYPES[value.items]}[]`
  return value.type === 'null' ? 'VARCHAR' : SQL_TYPES[value.type]
}
