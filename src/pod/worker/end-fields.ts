// What a worker logs of a step that has ended.
import type { LeaseId } from '../../dispatch/index.ts'
import type { StepOutcome, StepTask } from '../../plan/index.ts'

export function endFields(id: LeaseId, { plan, run }: StepTask, outcome: StepOutcome): Record<string, unknown> {
  const { state, durationMs, write, error } = outcome
  const { runId, correlationId } = run
  return {
    ...id,
    runId,
    correlationId,
    pipeline: plan.pipeline,
    state,
    durationMs,
    rows: write?.rows,
    code: error?.code,
  }
}
