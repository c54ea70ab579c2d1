// How the columns of a step's result become those of the table (semantics §6.2, design §12).
//
// Invariants
// AL1 Columns go by name, whatever their case and order: neither the engine nor Delta tells `a` from `A`.
// AL2 strict and evolve cast to the table's types; a value that can't be cast is an error. They never change a type.
// AL3 What the result lacks is null; the alignment says which columns those are.
// AL4 Structs are aligned field by field, at any depth. What they have more is treated as a column more is.
import { didYouMean, Fault } from '../../base/index.ts'
import {
  type DeltaField,
  type DeltaSchema,
  parseSqlType,
  showSqlType,
  toColumns,
  toDeltaSchema,
} from '../../formats/index.ts'
import type { SchemaMode } from '../../plan/index.ts'
import { type ColumnType, identifier } from '../../step/index.ts'
import { extraFields, withExtraFields } from './align-nested.ts'

export interface AlignedColumn {
  name: string
  /** The engine's type of the table's column. */
  type: string
  /** The result's column; undefined when it has none of that name: the column is null. */
  from: ColumnType | undefined
}

export interface Alignment {
  /** The table's schema after the write. */
  schema: DeltaSchema
  /** It differs from the one before. */
  schemaChanged: boolean
  /** In the table's order. */
  columns: AlignedColumn[]
}

export interface AlignRequest {
  ref: string
  result: ColumnType[]
  /** Of the table as it is; undefined when the write makes it. */
  table: DeltaSchema | undefined
  mode: SchemaMode
  dropExtraColumns: boolean
}

/** @throws Fault invalid ExtraColumns, and what toDeltaSchema throws for a column that the table gets */
export function align(request: AlignRequest): Alignment {
  const { table, mode, result } = request
  if (table === undefined || mode === 'overwrite') {
    const schema = toDeltaSchema(result)
    return { schema, schemaChanged: !sameSchema(schema, table), columns: columnsOf(schema, result) }
  }
  const extra = extraColumns(table, result)
  if (mode === 'strict') {
    if (extra.paths.length > 0 && !request.dropExtraColumns) throw refused(request.ref, extra.paths, table)
    return { schema: table, schemaChanged: false, columns: columnsOf(table, result) }
  }
  const schema = evolved(table, result, extra.columns)
  return { schema, schemaChanged: extra.paths.length > 0, columns: columnsOf(schema, result) }
}

/**
 * The result's rows as rows of the table: its columns, in its order, of its types. The query comes first in the text, so
 * that a place in it that the engine reports stays near its start.
 */
export function alignedQuery(query: string, { columns }: Pick<Alignment, 'columns'>): string {
  const list = columns.map((column) => `${alignedExpression(column)} AS ${identifier(column.name)}`)
  return `FROM (${query}) SELECT ${list.join(', ')}`
}

/** SQL of one column; `cast` may be TRY_CAST, to find what can't be cast. */
export function alignedExpression({ type, from }: AlignedColumn, cast: 'CAST' | 'TRY_CAST' = 'CAST'): string {
  if (from === undefined) return `CAST(NULL AS ${type})`
  const value = identifier(from.name)
  if (!needsCast(from.type, type)) return value
  // The engine rounds; a fraction is cut off instead, as everywhere else (SCH-5).
  const cut = /^(TINYINT|SMALLINT|INTEGER|BIGINT)$/.test(type) && /^(FLOAT|DOUBLE|DECIMAL)/.test(from.type)
  return `${cast}(${cut ? `trunc(${value})` : value} AS ${type})`
}

/** True when the two texts, each as somebody writes it, are not the same type. */
export function needsCast(from: string, to: string): boolean {
  return showSqlType(parseSqlType(from)) !== showSqlType(parseSqlType(to))
}

const sameSchema = (a: DeltaSchema, b: DeltaSchema | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

function columnsOf(schema: DeltaSchema, result: ColumnType[]): AlignedColumn[] {
  const byName = new Map(result.map((column) => [column.name.toLowerCase(), column]))
  return toColumns(schema).map(({ name, type }) => ({ name, type, from: byName.get(name.toLowerCase()) }))
}

function extraColumns(table: DeltaSchema, result: ColumnType[]): { columns: ColumnType[]; paths: string[] } {
  const fields = new Map(table.fields.map((field) => [field.name.toLowerCase(), field]))
  const columns: ColumnType[] = []
  const paths: string[] = []
  for (const column of result) {
    const field = fields.get(column.name.toLowerCase())
    if (field === undefined) {
      columns.push(column)
      paths.push(column.name)
    } else paths.push(...extraFields(parseSqlType(column.type), field.type, field.name))
  }
  return { columns, paths }
}

function evolved(table: DeltaSchema, result: ColumnType[], added: ColumnType[]): DeltaSchema {
  const types = new Map(result.map((column) => [column.name.toLowerCase(), column.type]))
  const grown = (field: DeltaField): DeltaField => {
    const type = types.get(field.name.toLowerCase())
    return type === undefined ? field : { ...field, type: withExtraFields(parseSqlType(type), field.type) }
  }
  return { ...table, fields: [...table.fields.map(grown), ...toDeltaSchema(added).fields] }
}

function refused(ref: string, paths: string[], table: DeltaSchema): Fault {
  const names = table.fields.map((field) => field.name)
  const [first] = paths
  const near = paths.length === 1 && first !== undefined ? didYouMean(first, names) : ''
  return new Fault({
    kind: 'invalid',
    code: 'ExtraColumns',
    message: `cannot write table "${ref}": the result has columns that the table lacks: ${paths.join(', ')}${near}; leave them out of the result, say "schema: evolve" to add them to the table, or "dropExtraColumns: true" to drop them`,
    at: { field: 'target.table.schema' },
  })
}
