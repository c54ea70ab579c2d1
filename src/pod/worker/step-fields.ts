// What a worker logs of a step: whose it is when it starts, and what became of it. `loom logs` finds a run's lines by them.
import type { LeaseId } from '../../dispatch/index.ts'
import type { StepOutcome, StepTask } from '../../plan/index.ts'

export function startFields(id: LeaseId, { plan, run }: StepTask): Record<string, unknown> {
  const { runId, correlationId } = run
  return { ...id, runId, correlationId, pipeline: plan.pipeline }
}

export function endFields(id: LeaseId, task: StepTask, outcome: StepOutcome): Record<string, unknown> {
  const { state, durationMs, write, error } = outcome
  return { ...startFields(id, task), state, durationMs, rows: write?.rows, code: error?.code }
}
