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
  return {
    kind: 'rows',
    alias,
    rows: cells.map((row) => Object.fromEntries(row.map(({ column, cell }) => [column, cell.json]))),
    columns: [...declared, ...typedByParams(cells.flat()).filter(({ name }) => !hasColumn(names, name))],
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
  if (value.type === 'list') return value.value.map(scalarJson)
  return scalarJson(value)
}

/** An integer beyond 2^53 stays text; its column is typed. */
function scalarJson({ type, value }: ScalarValue): Json {
  return type === 'integer' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** Columns with params' values, all of one type; what else stands in them must be of that type too. */
function typedByParams(cells: { column: string; cell: Cell }[]): { name: string; type: string }[] {
  const byColumn = Map.groupBy(cells, ({ column }) => column)
  return [...byColumn].flatMap(([name, members]) => {
    const param = members.find(({ cell }) => cell.param !== undefined)?.cell.param
    if (param === undefined || param.type === 'null') return []
    const fits = members.every(({ cell }) => cell.json === null || isOfType(cell, param))
    return fits ? [{ name, type: sqlType(param) }] : []
  })
}

function isOfType({ json, param }: Cell, wanted: TypedValue): boolean {
  if (param !== undefined) return sqlType(param) === sqlType(wanted)
  if (wanted.type === 'list')
    return Array.isArray(json) && json.every((item) => item === null || converts(item, wanted.items))
  return wanted.type !== 'null' && converts(json, wanted.type)
}

const converts = (json: Json, type: ScalarType): boolean => 'value' in convertScalar(json, type)

function sqlType(value: TypedValue): string {
  if (value.type === 'list') return `${SQL_TYPES[value.items]}[]`
  return value.type === 'null' ? 'VARCHAR' : SQL_TYPES[value.type]
}
