// Batches of rows: taken from whoever gives them, typed by their values, appended to a table.
import { type DuckDBConnection, DuckDBDataChunk, type DuckDBValue } from '@duckdb/node-api'
import { Fault } from '../../base/index.ts'
import { identifier, type Row } from '../../step/index.ts'
import { engineFault } from './errors.ts'
import { engineType, join, nameOf, type Shape, shapeOf, sqlType } from './row-shape.ts'
import { toEngine } from './row-values.ts'

export interface LoadOn {
  connection: DuckDBConnection
  execute: (sql: string) => Promise<unknown[]>
  assertRunning: () => void
}

const BATCH_ROWS = 16_384
/** Rows of one engine vector. */
const CHUNK_ROWS = 2048

export async function* batchesOf(
  rows: Iterable<Row> | AsyncIterable<Row>,
): AsyncGenerator<{ batch: Row[]; first: number }> {
  let batch: Row[] = []
  let first = 1
  for await (const row of rows) {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw new Fault({
        kind: 'invalid',
        code: 'InvalidRow',
        message: `cannot use row ${first + batch.length}: it is ${row === null ? 'null' : Array.isArray(row) ? 'an array' : `a ${typeof row}`}; a row is an object {column: value}`,
      })
    batch.push(row)
    if (batch.length < BATCH_ROWS) continue
    yield { batch, first }
    first += batch.length
    batch = []
  }
  if (batch.length > 0) yield { batch, first }
}

/** Joins the shapes of a batch's values into `shapes`. @param first number of the batch's first row */
export function joinShapes(shapes: Map<string, Shape>, batch: Row[], first: number): void {
  batch.forEach((row, i) => {
    for (const [column, value] of Object.entries(row)) {
      const shape = shapeOf(value)
      if (typeof shape === 'string') throw valueFault(first + i, column, `it is ${shape}, which no column can hold`)
      const known = shapes.get(column)
      const both = known === undefined ? shape : join(known, shape)
      if (both === undefined && known !== undefined)
        throw valueFault(
          first + i,
          column,
          `it is ${nameOf(shape)}, where earlier rows have ${nameOf(known)}; return one type, or declare the columns`,
        )
      if (both !== undefined && both !== known) shapes.set(column, both)
    }
  })
}

export function valueFault(row: number, column: string, why: string): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'RowTypeClash',
    message: `cannot use the value of column "${column}" in row ${row}: ${why}`,
  })
}

export function columnList(shapes: Map<string, Shape>): string {
  return [...shapes].map(([column, shape]) => `${identifier(column)} ${sqlType(shape)}`).join(', ')
}

/**
 * Appends a batch to a table whose columns are those of the shapes, in order.
 * @throws Fault of the engine, among them transient OutOfMemory
 */
export async function appendBatch(
  connection: DuckDBConnection,
  table: string,
  { shapes, batch }: { shapes: Map<string, Shape>; batch: Row[] },
): Promise<void> {
  try {
    await append(connection, table, { shapes, batch })
  } catch (thrown) {
    throw engineFault(thrown, '')
  }
}

async function append(
  connection: DuckDBConnection,
  table: string,
  { shapes, batch }: { shapes: Map<string, Shape>; batch: Row[] },
): Promise<void> {
  const appender = await connection.createAppender(table)
  try {
    const columns = [...shapes]
    const types = columns.map(([, shape]) => engineType(shape))
    for (let from = 0; from < batch.length; from += CHUNK_ROWS) {
      const part = batch.slice(from, from + CHUNK_ROWS)
      const chunk = DuckDBDataChunk.create(types, part.length)
      columns.forEach(([column, shape], i) => {
        const values: DuckDBValue[] = part.map((row) => toEngine(row[column], shape))
        chunk.setColumnValues(i, values)
      })
      appender.appendDataChunk(chunk)
    }
    appender.flushSync()
  } finally {
    appender.closeSync()
  }
}
