// Makes each source a view under its alias.
import { Fault } from '../../base/index.ts'
import type { SourcePlan, StepPlan } from '../../plan/index.ts'
import { sourceOn } from '../../sources/index.ts'
import { type ColumnType, identifier, type SqlSession, type StepContext } from '../../step/index.ts'

/** What a target may put before the body in its statements, in bytes. */
const BEFORE_BODY = 8192

/**
 * @param bodyBytes size of the body's SQL: the text of a view starts so far behind the start of its statement that an
 * error in it can't be taken for one in the body. For the engine gives positions in the view's text, whatever was run.
 */
export async function openSources(
  step: StepPlan,
  session: SqlSession,
  { context, bodyBytes }: { context: StepContext; bodyBytes: number },
): Promise<void> {
  const apart = ' '.repeat(bodyBytes === 0 ? 0 : bodyBytes + BEFORE_BODY)
  for (const source of step.sources) {
    await openSource(source, { session, context, apart })
  }
}

/** @throws Fault, placed at the source unless whoever threw it said more */
export async function openSource(
  source: SourcePlan,
  { session, context, apart = '' }: { session: SqlSession; context: StepContext; apart?: string },
): Promise<void> {
  try {
    const select = await selectOf(source, session, context)
    await session.run(`${apart}CREATE VIEW ${identifier(source.alias)} AS ${select}`)
  } catch (thrown) {
    if (!(thrown instanceof Fault) || (thrown.at !== undefined && thrown.at.field !== 'sql')) throw thrown
    const { kind, code, message } = thrown
    throw new Fault({ kind, code, message, at: { field: `sources.${source.alias}.${source.kind}` }, cause: thrown })
  }
}

async function selectOf(source: SourcePlan, session: SqlSession, context: StepContext): Promise<string> {
  const rows = await context.reader?.read(source, context.info)
  if (rows === undefined) return await sourceOn('duckdb', source).open(session, context)
  const table = `rows of ${source.alias}`
  await session.load(table, rows, declaredColumns(source))
  return `SELECT * FROM ${identifier(table)}`
}

function declaredColumns(source: SourcePlan): ColumnType[] | undefined {
  return source.kind === 'rows' && source.columns.length > 0 ? source.columns : undefined
}
