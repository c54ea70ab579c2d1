// Makes each source a view under its alias.
import type { SourcePlan, StepPlan } from '../../plan/index.ts'
import { sourceOn } from '../../sources/index.ts'
import { type ColumnType, identifier, type SqlSession, type StepContext } from '../../step/index.ts'

/**
 * A view's own text starts so far behind its statement's start that an error in it can't be taken for one in the body:
 * the engine gives positions in the text of the view, beside whatever statement was run.
 */
const APART = ' '.repeat(512 * 1024)

export async function openSources(step: StepPlan, session: SqlSession, context: StepContext): Promise<void> {
  for (const source of step.sources) await makeView(source.alias, await selectOf(source, session, context), session)
}

export async function makeView(alias: string, select: string, session: SqlSession): Promise<void> {
  await session.run(`${APART}CREATE VIEW ${identifier(alias)} AS ${select}`)
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
