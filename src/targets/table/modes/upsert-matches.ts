// Which rows of a table an upsert meets, and the queries that give its new rows.
import { type AddFile, pruneFiles, scanQuery } from '../../../formats/index.ts'
import { identifier } from '../../../step/index.ts'
import { tableOf } from '../matching.ts'
import type { TableWrite } from '../mode.ts'
import { rangePredicates } from '../range-predicates.ts'

export interface Matches {
  /** Files of the table that hold a row with one of the keys. */
  files: AddFile[]
  /** How many such rows; several may have the same key. */
  rows: number
  /** How many keys of the result are in the table. */
  keys: number
}

export interface Upserted {
  /** The table of the session that holds the result. */
  stored: string
  key: string[]
}

const POSITION = 'loom position'
const HITS = '"loom hits"'

/** Reads the key columns only, of the files that could hold one of the keys. */
export async function findMatches(write: TableWrite, { stored, key }: Upserted): Promise<Matches> {
  const predicates = await rangePredicates(write, stored, key)
  const candidates = await pruneFiles({ ...tableOf(write), predicates, session: write.session })
  if (candidates.length === 0) return { files: [], rows: 0, keys: 0 }
  const scan = scanQuery({ ...tableOf(write), files: candidates, positionAs: POSITION })
  await write.session.run(
    `CREATE OR REPLACE TABLE ${HITS} AS SELECT t."${POSITION}" AS position, s.rowid AS source FROM (${scan}) AS t JOIN ${stored} AS s ON ${sameKey(key)}`,
  )
  const hits = await write.session.rows(
    `SELECT position, count(*) AS "rows", (SELECT count(DISTINCT source) FROM ${HITS}) AS "keys" FROM ${HITS} GROUP BY position`,
  )
  return {
    files: hits.flatMap((hit) => candidates[Number(hit['position'])] ?? []),
    rows: hits.reduce((sum, hit) => sum + Number(hit['rows']), 0),
    keys: Number(hits[0]?.['keys'] ?? 0),
  }
}

/** U1 */
const sameKey = (key: string[]): string =>
  key.map((name) => `t.${identifier(name)} IS NOT DISTINCT FROM s.${identifier(name)}`).join(' AND ')

interface Change extends Upserted {
  changed: string[]
  found: Matches
}

/**
 * Queries that together give what the files with matches hold after the write, and the rows that no file has yet.
 * @param rows how many the result has
 */
export function upsertQueries(write: TableWrite, change: Change, rows: number): string[] {
  const { key, changed, found } = change
  if (changed.length === 0) return insertedQuery(write, change, rows)
  const wholeRows = changed.length + key.length === write.schema.fields.length
  // Nothing of an old row stays, and none is there twice: it is cheaper to leave it out than to change it.
  if (wholeRows && found.rows === found.keys) return [...keptQuery(write, change), ...storedQuery(write, change)]
  return [...updatedQuery(write, change), ...insertedQuery(write, change, rows)]
}

function keptQuery(write: TableWrite, { stored, key, found }: Change): string[] {
  if (found.files.length === 0) return []
  const scan = scanQuery({ ...tableOf(write), files: found.files })
  return [`SELECT ${columnList(write)} FROM (${scan}) AS t ANTI JOIN ${stored} AS s ON ${sameKey(key)}`]
}

const storedQuery = (write: TableWrite, { stored }: Change): string[] => [`SELECT ${columnList(write)} FROM ${stored}`]

const columnList = ({ schema }: TableWrite): string => schema.fields.map(({ name }) => identifier(name)).join(', ')

/** All rows of the files with matches, updated. */
function updatedQuery(write: TableWrite, { stored, key, changed, found }: Change): string[] {
  if (found.files.length === 0) return []
  const scan = scanQuery({ ...tableOf(write), files: found.files })
  const list = write.schema.fields.map(({ name }) => {
    const column = identifier(name)
    return changed.includes(name)
      ? `CASE WHEN s."loom hit" THEN s.${column} ELSE t.${column} END AS ${column}`
      : `t.${column}`
  })
  const source = `SELECT true AS "loom hit", * FROM ${stored}`
  return [`SELECT ${list.join(', ')} FROM (${scan}) AS t LEFT JOIN (${source}) AS s ON ${sameKey(key)}`]
}

/** The rows of the result whose keys the table does not have. */
function insertedQuery(write: TableWrite, { stored, found }: Change, rows: number): string[] {
  if (found.keys === rows) return []
  const others = found.keys === 0 ? '' : ` AS s WHERE NOT EXISTS (FROM ${HITS} AS h WHERE h.source = s.rowid)`
  return [`SELECT ${columnList(write)} FROM ${stored}${others}`]
}
