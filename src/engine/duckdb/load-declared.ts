// Rows whose columns are declared: each batch is put into a table of the types that the values have, and converted from
// there by the engine, so that `'2013-01-31'` becomes a DATE and `[1, 2]` a SMALLINT[]. Nested types go through JSON.
import { Fault } from '../../base/index.ts'
import { type ColumnType, identifier, type Row } from '../../step/index.ts'
import { appendBatch, batchesOf, columnList, joinShapes, type LoadOn, valueFault } from './row-batch.ts'
import { type Shape, sqlType } from './row-shape.ts'

declare global {
  interface JSON {
    /** In every Node that we run on, but not yet in TypeScript's library. */
    rawJSON(text: string): unknown
  }
}

interface DeclaredRows {
  rows: Iterable<Row> | AsyncIterable<Row>
  columns: ColumnType[]
}

const NESTED = /[[(]|^JSON$|^VARIANT$/i
const WHOLE = /^(TINYINT|SMALLINT|INTEGER|INT|BIGINT|HUGEINT|U[A-Z]*INT|INT[1248]|SHORT|LONG|SIGNED)$/i

/** Columns that are not declared get the type that the values of the first batch have. */
export async function declaredRows(on: LoadOn, table: string, { rows, columns }: DeclaredRows): Promise<void> {
  let all: ColumnType[] | undefined
  for await (const { batch, first } of batchesOf(rows)) {
    on.assertRunning()
    if (all === undefined) {
      all = [...columns, ...undeclared(batch, columns)]
      await on.execute(createStatement(table, all))
    }
    const names = new Set(all.map(({ name }) => name))
    const ready = batch.map((row, i) => prepared(row, all ?? columns, { names, number: first + i }))
    await convertBatch(on, table, { batch: ready, first, columns: all })
  }
  if (all === undefined) await on.execute(createStatement(table, columns))
}

function createStatement(table: string, columns: ColumnType[]): string {
  return `CREATE TABLE ${identifier(table)} (${columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`
}

function undeclared(batch: Row[], columns: ColumnType[]): ColumnType[] {
  const declared = new Set(columns.map(({ name }) => name))
  const rest = batch.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !declared.has(name))))
  const shapes = new Map<string, Shape>()
  joinShapes(shapes, rest, 1)
  return [...shapes].map(([name, shape]) => ({ name, type: sqlType(shape) }))
}

/** Values of nested columns as JSON text. */
function prepared(row: Row, columns: ColumnType[], { names, number }: { names: Set<string>; number: number }): Row {
  const unknown = Object.keys(row).find((column) => !names.has(column))
  if (unknown !== undefined)
    throw valueFault(
      number,
      unknown,
      `no column of that name is declared, nor in the first rows; declare it (${[...names].join(', ')} are known), or leave it out`,
    )
  const ready: Row = {}
  for (const { name, type } of columns) {
    const value = row[name]
    if (WHOLE.test(type) && typeof value === 'number' && !Number.isInteger(value))
      throw valueFault(number, name, `it is ${value}, which is no ${type}; round it, or declare another type`)
    const nested = isNested(type) && value !== null && value !== undefined && typeof value !== 'string'
    ready[name] = nested ? JSON.stringify(value, jsonValue) : value
  }
  return ready
}

const isNested = (type: string): boolean =>
  NESTED.test(type) && !/^(DECIMAL|NUMERIC|VARCHAR|CHAR|ENUM)\s*\([^)]*\)$/i.test(type)

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return JSON.rawJSON(String(value))
  return value instanceof Map ? Object.fromEntries(value) : value
}

async function convertBatch(
  on: LoadOn,
  table: string,
  { batch, first, columns }: { batch: Row[]; first: number; columns: ColumnType[] },
): Promise<void> {
  const stage = `${table} as given`
  const shapes = new Map<string, Shape>(columns.map(({ name }) => [name, { kind: 'null' }]))
  joinShapes(shapes, batch, first)
  await on.execute(`CREATE OR REPLACE TABLE ${identifier(stage)} (${columnList(shapes)})`)
  await appendBatch(on.connection, stage, { shapes, batch })
  const casts = columns.map((column) => castOf(column, 'CAST'))
  try {
    await on.execute(`INSERT INTO ${identifier(table)} SELECT ${casts.join(', ')} FROM ${identifier(stage)}`)
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.kind !== 'invalid') throw thrown
    throw (await clashOf(on, stage, { shapes, first, columns })) ?? thrown
  }
  await on.execute(`DROP TABLE ${identifier(stage)}`)
}

function castOf({ name, type }: ColumnType, how: 'CAST' | 'TRY_CAST'): string {
  const value = isNested(type) ? `${how}(${identifier(name)} AS JSON)` : identifier(name)
  return /^JSON$/i.test(type) ? value : `${how}(${value} AS ${type})`
}

/** The first value that does not convert. */
async function clashOf(
  on: LoadOn,
  stage: string,
  { shapes, first, columns }: { shapes: Map<string, Shape>; first: number; columns: ColumnType[] },
): Promise<Fault | undefined> {
  for (const column of columns) {
    const name = identifier(column.name)
    const [bad] = (await on.execute(
      `SELECT rowid AS i, CAST(${name} AS VARCHAR) AS v FROM ${identifier(stage)} WHERE ${name} IS NOT NULL AND ${castOf(column, 'TRY_CAST')} IS NULL ORDER BY rowid LIMIT 1`,
    )) as { i: string; v: string }[]
    const shape = shapes.get(column.name)
    if (bad !== undefined)
      return valueFault(
        first + Number(bad.i),
        column.name,
        `${JSON.stringify(bad.v)}${shape === undefined ? '' : ` (${sqlType(shape)})`} is no ${column.type}; correct it, or declare another type`,
      )
  }
  return undefined
}
