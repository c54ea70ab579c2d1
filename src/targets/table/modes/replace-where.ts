// Replaces the rows that satisfy a condition (RW-1). New rows must satisfy it too: those that do not are refused, with
// examples. An empty result empties what the condition names (design §12).
import { Fault } from '../../../base/index.ts'
import { type Predicate, type ReadSet, templatePredicate } from '../../../formats/index.ts'
import type { ParamValues } from '../../../plan/index.ts'
import { matchingRows } from '../matching.ts'
import type { ModeOf, ModeOutcome, TableWrite } from '../mode.ts'
import { SHOWN_ROWS, showRows } from '../rows-shown.ts'

/** @throws Fault invalid RowsOutside, and as parsePredicate */
export async function replaceWhere(
  write: TableWrite,
  { predicate }: ModeOf<'replaceWhere'>,
  params: ParamValues,
): Promise<ModeOutcome> {
  const condition = { template: predicate, field: 'target.table.replaceWhere.predicate' }
  const names = write.schema.fields.map((field) => field.name)
  return await replaceMatching(write, await templatePredicate(condition, { names, params, session: write.session }), {
    kind: 'wholeTable',
  })
}

/** @param reads what a change of these rows rests on */
export async function replaceMatching(write: TableWrite, predicate: Predicate, reads: ReadSet): Promise<ModeOutcome> {
  const old = await matchingRows(write, predicate.text, [predicate])
  const { query } = write.result
  const rest = old.rest === undefined ? '' : ` UNION ALL (${old.rest.query})`
  const written = await write.writeFiles(`${insideOnly(query, predicate)}${rest}`).catch(async (thrown: unknown) => {
    throw (await outsideFault(thrown, write, predicate)) ?? thrown
  })
  return {
    add: written.files,
    remove: old.files,
    reads,
    rows: written.rows - (old.rest?.rows ?? 0),
    metrics: old.rows === undefined ? {} : { numDeletedRows: old.rows, numCopiedRows: old.rest?.rows ?? 0 },
    warnings: [],
  }
}

const MARK = 'a row of the result lies outside of what is replaced'

/** The rows; the query fails at the first one that is outside, so that they need to be read only once. */
const insideOnly = (query: string, { text }: Predicate): string =>
  `SELECT * FROM (${query}) WHERE CASE WHEN (${text}) THEN true ELSE error('${MARK}') END`

async function outsideFault(thrown: unknown, write: TableWrite, { text }: Predicate): Promise<Fault | undefined> {
  if (!(thrown instanceof Fault) || !thrown.message.includes(MARK)) return undefined
  const rows = await write.session.rows(
    `SELECT * FROM (${write.result.query}) WHERE (${text}) IS NOT TRUE LIMIT ${SHOWN_ROWS}`,
  )
  return new Fault({
    kind: 'invalid',
    code: 'RowsOutside',
    message: `cannot write table "${write.ref}": the result has rows outside of ${text.trim()}, which is what the write replaces: ${showRows(rows)}; filter them out, or widen what is replaced`,
    at: { field: 'target.table' },
    cause: thrown,
  })
}
