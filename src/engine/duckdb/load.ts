// Rows that come one by one, into a table. They are taken in batches, so that any number of them fits; the types are
// found from the values and widened as later values demand (integer → number, null → anything, objects gain members).
import { Fault } from '../../base/index.ts'
import { type ColumnType, identifier, type Row } from '../../step/index.ts'
import { declaredRows } from './load-declared.ts'
import { appendBatch, batchesOf, columnList, joinShapes, type LoadOn } from './row-batch.ts'
import { type Shape, sqlType } from './row-shape.ts'

export interface RowsToLoad {
  rows: Iterable<Row> | AsyncIterable<Row>
  columns: ColumnType[] | undefined
}

/** @throws Fault invalid RowTypeClash, InvalidRow, ConversionError: with the row's number (from 1) and the column */
export async function loadRows(on: LoadOn, table: string, { rows, columns }: RowsToLoad): Promise<void> {
  if (columns !== undefined && columns.length > 0) return await declaredRows(on, table, { rows, columns })
  const shapes = new Map<string, Shape>()
  let made = false
  for await (const { batch, first } of batchesOf(rows)) {
    on.assertRunning()
    const before = new Map(shapes)
    joinShapes(shapes, batch, first)
    if (!made && shapes.size > 0) {
      await on.execute(`CREATE TABLE ${identifier(table)} (${columnList(shapes)})`)
      made = true
    } else await widen(on, table, { before, after: shapes })
    await appendBatch(on.connection, table, { shapes, batch })
  }
  if (made) return
  throw new Fault({
    kind: 'invalid',
    code: 'NoColumns',
    message: 'cannot make a table of no rows: nothing tells its columns; declare the columns with their types',
  })
}

async function widen(on: LoadOn, table: string, change: { before: Map<string, Shape>; after: Map<string, Shape> }) {
  for (const [column, shape] of change.after) {
    const old = change.before.get(column)
    if (old !== undefined && sqlType(old) === sqlType(shape)) continue
    const how = old === undefined ? `ADD COLUMN ${identifier(column)}` : `ALTER COLUMN ${identifier(column)} TYPE`
    await on.execute(`ALTER TABLE ${identifier(table)} ${how} ${sqlType(shape)}`)
  }
}
