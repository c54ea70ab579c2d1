// Hands a step's rows to a custom writer, or to the target's own.
import type { TargetPlan, WriteResult } from '../../plan/index.ts'
import type { Frame, Row, SqlSession, StepContext } from '../../step/index.ts'
import { targetOn } from '../../targets/index.ts'

export async function writeTarget(
  query: string,
  target: TargetPlan,
  { session, context }: { session: SqlSession; context: StepContext },
): Promise<WriteResult> {
  if (context.writer !== undefined) {
    const frame: Frame = { columns: await session.describe(query), rows: () => rowsOf(query, session) }
    const written = await context.writer.write(frame, target, context.info)
    if (written !== undefined) return { rows: written.rows, bytes: 0, files: 0, warnings: [] }
  }
  return await targetOn('duckdb', target).write(query, session, context)
}

async function* rowsOf(query: string, session: SqlSession): AsyncGenerator<Row> {
  for await (const rows of session.stream(query)) yield* rows
}
