// Replaces the rows that have the given values (RP-6), whether the table is partitioned by them or not. New rows must have
// them too. An empty result deletes those rows.
import { parsePredicate, type ReadSet } from '../../../formats/index.ts'
import type { ScalarValue } from '../../../plan/index.ts'
import { identifier, textLiteral, valueLiteral } from '../../../step/index.ts'
import type { ModeOf, ModeOutcome, TableWrite } from '../mode.ts'
import { partitionCombinations } from '../partition-combinations.ts'
import { givenColumn } from '../table-column.ts'
import { replaceMatching } from './replace-where.ts'

const FIELD = 'target.table.replacePartition'

/** @throws Fault invalid UnknownColumn, MissingColumn, RowsOutside */
export async function replacePartition(write: TableWrite, mode: ModeOf<'replacePartition'>): Promise<ModeOutcome> {
  const given = mode.values.map(({ column, value }) => ({ name: givenColumn(write, column, FIELD), value }))
  const condition = given.map(({ name, value }) => equals(write, name, value)).join(' AND ')
  const names = write.schema.fields.map((field) => field.name)
  const predicate = await parsePredicate(condition, names, write.session)
  return await replaceMatching(write, predicate, await readsOf(write, given))
}

type Given = { name: string; value: ScalarValue }

function equals(write: TableWrite, name: string, value: ScalarValue): string {
  if (value.type === 'null') return `${identifier(name)} IS NULL`
  return `${identifier(name)} = ${typedLiteral(write, name, value)}`
}

/** The value as one of the column's type, so that it compares as the column does. */
function typedLiteral(write: TableWrite, name: string, value: ScalarValue): string {
  const type = write.result.columns.find((column) => column.name === name)?.type ?? 'VARCHAR'
  // a timestamp's literal has a zone, which a column without one would not understand
  const literal = value.type === 'timestamp' && type === 'VARCHAR' ? textLiteral(value.value) : valueLiteral(value)
  return `CAST(${literal} AS ${type})`
}

async function readsOf(write: TableWrite, given: Given[]): Promise<ReadSet> {
  if (!given.every(({ name }) => write.partitionColumns.includes(name))) return { kind: 'wholeTable' }
  const list = given.map(({ name, value }) => `${typedLiteral(write, name, value)} AS ${identifier(name)}`)
  const names = given.map(({ name }) => name)
  return { kind: 'partitions', partitions: await partitionCombinations(write, `SELECT ${list.join(', ')}`, names) }
}
