// The rows of a table that a condition picks out, to be replaced: which files have any, and what else is in those.
import { type AddFile, filesByPartition, type Predicate, pruneFiles, scanQuery } from '../../formats/index.ts'
import type { TableWrite } from './mode.ts'

export interface MatchingRows {
  /** Files with at least one such row: they leave the table. */
  files: AddFile[]
  /** How many such rows; undefined when no file had to be opened to know. */
  rows: number | undefined
  /** The other rows of these files, which must be written again; undefined when there are none. */
  rest: { query: string; rows: number } | undefined
}

const POSITION = 'loom position'

/**
 * @param condition over the table's columns
 * @param candidates predicates that hold for every row that the condition picks, for leaving out files; the condition
 * itself where it is one
 */
export async function matchingRows(
  write: TableWrite,
  condition: string,
  candidates: Predicate[],
): Promise<MatchingRows> {
  const pruning = { ...tableOf(write), predicates: candidates, session: write.session }
  const whole = candidates.some(({ text }) => text === condition) ? await filesByPartition(pruning) : undefined
  if (whole !== undefined) return { files: whole, rows: undefined, rest: undefined }
  const files = candidates.length === 0 ? write.files : await pruneFiles(pruning)
  if (files.length === 0) return { files: [], rows: 0, rest: undefined }
  return await countRows(write, condition, files)
}

async function countRows(write: TableWrite, condition: string, files: AddFile[]): Promise<MatchingRows> {
  const counts = await write.session.rows(
    `SELECT "${POSITION}" AS position, count(*) AS total, count(*) FILTER (WHERE ${condition}) AS matching FROM (${scanQuery({ ...tableOf(write), files, positionAs: POSITION })}) GROUP BY 1 HAVING matching > 0`,
  )
  const matching: AddFile[] = []
  const partly: AddFile[] = []
  let rows = 0
  let rest = 0
  for (const count of counts) {
    const file = files[Number(count['position'])]
    if (file === undefined) continue
    matching.push(file)
    rows += Number(count['matching'])
    if (count['matching'] === count['total']) continue
    partly.push(file)
    rest += Number(count['total']) - Number(count['matching'])
  }
  const query = `SELECT * FROM (${scanQuery({ ...tableOf(write), files: partly })}) WHERE (${condition}) IS NOT TRUE`
  return { files: matching, rows, rest: partly.length === 0 ? undefined : { query, rows: rest } }
}

/** What a scan and pruning take. */
export function tableOf({
  handle,
  files,
  schema,
  partitionColumns,
}: TableWrite): Pick<TableWrite, 'files' | 'schema' | 'partitionColumns'> & { root: string } {
  return { root: handle.store.root, files, schema, partitionColumns }
}
