// The session that a step runs in: on an instance that it shares with others (company.ts, reach.ts), or on one of its own.
import type { StepPlan } from '../../plan/index.ts'
import type { SqlSession, StepContext } from '../../step/index.ts'
import { bodyText } from './body.ts'
import { conditionsOf, mayShare, readsOnly } from './company.ts'
import type { InstancePool } from './instance.ts'
import { reachOf, sharedReach } from './reach.ts'
import { type ParsedSelect, parseSelect } from './select.ts'
import type { DuckDbSession, SessionOptions } from './session.ts'

export interface OpenStep {
  session: DuckDbSession
  /** The body's SQL, if it was parsed on the way. */
  parsed?: ParsedSelect | undefined
}

/** @throws Fault missing ExtensionMissing */
export async function openStep(
  step: StepPlan,
  pool: InstancePool,
  { context, ...options }: { context: StepContext } & Pick<SessionOptions, 'signal' | 'onPercentage'>,
): Promise<OpenStep> {
  const shared = mayShare(step) ? sharedReach(step, context) : undefined
  if (shared === undefined) return { session: await pool.open(reachOf(step, context), options) }
  const session = await pool.share(shared, options)
  try {
    const { parsed, harmless } = await lookThrough(step, session, context)
    if (harmless) return { session, parsed }
    await session.close()
    return { session: await pool.open(reachOf(step, context), options), parsed }
  } catch (thrown) {
    await session.close()
    throw thrown
  }
}

/** Parses what the user wrote; nothing of it is bound. */
async function lookThrough(
  step: StepPlan,
  session: SqlSession,
  context: StepContext,
): Promise<{ parsed?: ParsedSelect; harmless: boolean }> {
  for (const condition of conditionsOf(step, context)) {
    const { error, statements } = await parseSelect(`SELECT 1 WHERE (${condition}\n)`, session)
    if (error || statements?.length !== 1 || !readsOnly(statements, [])) return { harmless: false }
  }
  if (step.body.kind !== 'sql') return { harmless: true }
  const parsed = await parseSelect(bodyText(step, context), session)
  const aliases = step.sources.map(({ alias }) => alias.toLowerCase())
  return { parsed, harmless: !parsed.error && readsOnly(parsed.statements, aliases) }
}
