// The report of a run: all steps in declared order, those that were left out or not reached as skipped.
import { type Plan, type RunIdentity, type RunReport, type StepOutcome, stepsOf } from '../plan/index.ts'

export function reportOf(input: {
  plan: Plan
  run: RunIdentity
  /** `process/step` → its outcome; steps that were not reached have none. */
  outcomes: ReadonlyMap<string, StepOutcome>
  startedAt: number
  endedAt: number
  cancelled: boolean
}): RunReport {
  const { plan, run, outcomes, startedAt, endedAt, cancelled } = input
  const skipped = (process: string, step: string): StepOutcome => ({ process, step, state: 'Skipped', durationMs: 0 })
  const reached = stepsOf(plan).map(({ process, name }) => outcomes.get(`${process}/${name}`) ?? skipped(process, name))
  const first = reached.find(({ error }) => error !== undefined)
  const complete = reached.every(({ state }) => state === 'Succeeded')
  return {
    pipeline: plan.pipeline,
    runId: run.runId,
    correlationId: run.correlationId,
    attempt: run.attempt,
    planHash: plan.hash,
    state: complete ? 'Succeeded' : cancelled ? 'Cancelled' : 'Failed',
    startedAt: new Date(startedAt).toISOString(),
    durationMs: endedAt - startedAt,
    steps: [...reached, ...plan.skipped.map(({ process, step }) => skipped(process, step))],
    ...(first?.error === undefined ? {} : { error: { ...first.error, process: first.process, step: first.step } }),
  }
}
