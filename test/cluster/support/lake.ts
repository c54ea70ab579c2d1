// What lies in a folder of Delta tables, read without the project's own reader: the log is replayed here and DuckDB reads the
// files that are left. A fault in the one can't hide a fault in the other.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

interface Action {
  add?: { path: string; partitionValues: Record<string, string | null>; deletionVector?: unknown }
  remove?: { path: string }
  txn?: { appId: string }
}

/** The sorted rows of every table below the folder, by the table's path. */
export async function rowsOfTables(folder: string): Promise<Record<string, readonly string[]>> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const tables: Record<string, readonly string[]> = {}
  for (const table of tablesIn(folder)) {
    const rows: string[] = []
    for (const { path, partitionValues } of filesOf(table)) {
      const file = join(table, decodeURIComponent(path)).replaceAll("'", "''")
      const query = `SELECT to_json(t) FROM read_parquet('${file}', hive_partitioning = false) t`
      const read = (await connection.runAndReadAll(query)).getRows()
      rows.push(...read.map(([row]) => `${JSON.stringify(partitionValues)} ${row}`))
    }
    tables[relative(folder, table)] = rows.sort()
  }
  connection.closeSync()
  instance.closeSync()
  return tables
}

/** How many commits each writer's transaction has, over all tables. */
export function commitsByWriter(folder: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { txn } of tablesIn(folder).flatMap(actionsOf))
    if (txn !== undefined) counts[txn.appId] = (counts[txn.appId] ?? 0) + 1
  return counts
}

function tablesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('_delta_log'))
    .map((path) => dirname(join(folder, path)))
    .sort()
}

function filesOf(table: string): NonNullable<Action['add']>[] {
  const files = new Map<string, NonNullable<Action['add']>>()
  for (const { add, remove } of actionsOf(table)) {
    if (remove !== undefined) files.delete(remove.path)
    if (add === undefined) continue
    if (add.deletionVector !== undefined) throw new Error(`${add.path} has a deletion vector, which is not read here`)
    files.set(add.path, add)
  }
  return [...files.values()]
}

/** From the first entry of the log on, which no test has lived long enough to lose. */
function actionsOf(table: string): Action[] {
  return readdirSync(join(table, '_delta_log'))
    .filter((name) => /^\d{20}\.json$/.test(name))
    .sort()
    .flatMap((name) =>
      readFileSync(join(table, '_delta_log', name), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((line): Action => JSON.parse(line))
}
