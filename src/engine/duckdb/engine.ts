// Runs a step in DuckDB: sources → body → target, in a closed instance, in which its SQL can read only what it declares.
import { asFault } from '../../base/index.ts'
import type { StepPlan, WriteResult } from '../../plan/index.ts'
import { placedAtSource } from '../../sources/index.ts'
import type { Engine, StepContext, StepProgress } from '../../step/index.ts'
import { type BoundStep, bindStep, type KnownResults } from './bind.ts'
import { bodyText, openBody } from './body.ts'
import { type DuckDbOptions, InstancePool } from './instance.ts'
import { withLimits } from './limits.ts'
import { openSources } from './open-sources.ts'
import { openStep } from './open-step.ts'
import { reachOf } from './reach.ts'
import { writeTarget } from './write-target.ts'

export interface DuckDbEngine extends Engine {
  /** Checks a step against what is there and what earlier steps will write, without running it. */
  bindStep(step: StepPlan, context: StepContext, known: KnownResults): Promise<BoundStep>
}

/** Closes with `close`; until then the next instance stands ready. */
export function createDuckDbEngine(options: DuckDbOptions = {}): DuckDbEngine {
  const pool = new InstancePool(options)
  return {
    runStep: (step, context) => runStep(step, context, pool),
    async bindStep(step, context, known) {
      const session = await pool.open(reachOf(step, context), { signal: context.signal })
      try {
        return await bindStep(step, session, { context, known })
      } finally {
        await session.close()
      }
    },
    close: () => pool.close(),
  }
}

async function runStep(step: StepPlan, context: StepContext, pool: InstancePool): Promise<WriteResult> {
  let phase: StepProgress['phase'] = 'read'
  const enter = (next: StepProgress['phase']) => {
    phase = next
    context.onProgress({ phase })
  }
  enter('read')
  pool.stepBegins()
  const { session, parsed } = await openStep(step, pool, {
    context,
    signal: context.signal,
    onPercentage: (percentage) => context.onProgress({ phase, percentage }),
  })
  try {
    await openSources(step, session, { context, bodyBytes: Buffer.byteLength(bodyText(step, context)) })
    enter('transform')
    const { query, place } = await openBody(step, session, { context, parsed })
    enter('write')
    return await writeTarget(query, step.target, { session, context }).catch((thrown: unknown) => {
      throw place(asFault(thrown))
    })
  } catch (thrown) {
    throw placedAtSource(withLimits(asFault(thrown), pool.limits), step.sources, context)
  } finally {
    await session.close()
  }
}
