// Updates the rows whose key the result has, inserts the others (UP-1…7, with the changes of design §12).
//
// Invariants
// U1 Keys are compared null-safely: a null key is a key like any other. The partition columns that the mode names are part
//    of the key (UP-7).
// U2 A key occurs once in the result, or the write is refused.
// U3 An update touches only columns that the result has. An insert leaves the others null.
// U4 Only files that hold a row to update are written anew.
import { Fault } from '../../../base/index.ts'
import type { ReadSet } from '../../../formats/index.ts'
import { identifier } from '../../../step/index.ts'
import type { ModeOf, ModeOutcome, TableWrite } from '../mode.ts'
import { partitionCombinations } from '../partition-combinations.ts'
import { SHOWN_ROWS, showRows } from '../rows-shown.ts'
import { givenColumn, tableColumn } from '../table-column.ts'
import { findMatches, type Matches, upsertQueries } from './upsert-matches.ts'

/** @throws Fault invalid UnknownColumn, MissingColumn, DuplicateKeys */
export async function upsert(write: TableWrite, mode: ModeOf<'upsert'>): Promise<ModeOutcome> {
  const key = distinct(
    [...mode.keys, ...mode.partitionBy].map((name) => givenColumn(write, name, 'target.table.upsert.keys')),
  )
  const changed = changedColumns(write, mode, key)
  const stored = await write.result.store()
  const rows = await countKeys(write, stored, key)
  const found = await findMatches(write, { stored, key })
  const queries = upsertQueries(write, { stored, key, changed, found }, rows)
  const written = queries.length === 0 ? { files: [], rows: 0 } : await write.writeFiles(queries.join(' UNION ALL '))
  return {
    add: written.files,
    remove: changed.length === 0 ? [] : found.files,
    reads: await readsOf(write, stored, key),
    rows,
    metrics: metricsOf({ written: written.rows, rows, found, changes: changed.length > 0 }),
    warnings: [],
  }
}

function metricsOf(of: { written: number; rows: number; found: Matches; changes: boolean }): Record<string, number> {
  const numTargetRowsUpdated = of.changes ? of.found.rows : 0
  const numTargetRowsInserted = of.rows - of.found.keys
  return {
    numSourceRows: of.rows,
    numTargetRowsUpdated,
    numTargetRowsInserted,
    numTargetRowsCopied: of.written - numTargetRowsUpdated - numTargetRowsInserted,
  }
}

/** The columns that an update sets (UP-3): those of `include`, or all but those of `exclude`; never the key. */
function changedColumns(write: TableWrite, { include, exclude }: ModeOf<'upsert'>, key: string[]): string[] {
  const included = include.map((name) => givenColumn(write, name, 'target.table.upsert.include'))
  const excluded = exclude.map((name) => tableColumn(write, name, 'target.table.upsert.exclude'))
  const given = write.result.columns.filter(({ from }) => from !== undefined).map(({ name }) => name)
  const chosen = include.length > 0 ? included : given.filter((name) => !excluded.includes(name))
  return distinct(chosen).filter((name) => !key.includes(name))
}

const distinct = (names: string[]): string[] => [...new Set(names)]

/** @returns the number of rows. @throws Fault invalid DuplicateKeys (U2) */
async function countKeys(write: TableWrite, stored: string, key: string[]): Promise<number> {
  const list = key.map(identifier).join(', ')
  const [row] = await write.session.rows(
    `SELECT count(*) AS "rows", (SELECT count(*) FROM (SELECT DISTINCT ${list} FROM ${stored})) AS "keys" FROM ${stored}`,
  )
  if (row?.['rows'] !== row?.['keys']) throw await duplicateKeys(write, stored, key)
  return Number(row?.['rows'])
}

async function duplicateKeys({ ref, session }: TableWrite, stored: string, key: string[]): Promise<Fault> {
  const list = key.map(identifier).join(', ')
  const repeated = await session.rows(
    `SELECT ${list}, CAST(count(*) AS INTEGER) AS "times" FROM ${stored} GROUP BY ${list} HAVING count(*) > 1 ORDER BY ALL LIMIT ${SHOWN_ROWS}`,
  )
  return new Fault({
    kind: 'invalid',
    code: 'DuplicateKeys',
    message: `cannot upsert into table "${ref}": keys (${key.join(', ')}) occur more than once in the result: ${showRows(repeated)}; keep one row of each, for example with QUALIFY row_number() OVER (PARTITION BY ${key.join(', ')} ORDER BY …) = 1`,
    at: { field: 'target.table.upsert.keys' },
  })
}

/** A row of another partition can't have the same key only if the partition is part of the key. */
async function readsOf(write: TableWrite, stored: string, key: string[]): Promise<ReadSet> {
  const names = write.partitionColumns.filter((name) => key.includes(name))
  if (names.length === 0) return { kind: 'wholeTable' }
  return { kind: 'partitions', partitions: await partitionCombinations(write, `SELECT * FROM ${stored}`, names) }
}
