// The report of a run: all steps in declared order, those that were left out or not reached as skipped.
import type { Fault } from '../base/index.ts'
import {
  declaredSteps,
  outcomeError,
  type Plan,
  type RunIdentity,
  type RunReport,
  type StepOutcome,
} from '../plan/index.ts'

/** What became of the steps that were reached, by process and step. */
export class Outcomes {
  readonly #outcomes = new Map<string, StepOutcome>()

  set(outcome: StepOutcome): void {
    this.#outcomes.set(`${outcome.process}/${outcome.step}`, outcome)
  }

  get({ process, step }: { process: string; step: string }): StepOutcome | undefined {
    return this.#outcomes.get(`${process}/${step}`)
  }
}

export interface ReportInput {
  plan: Plan
  run: RunIdentity
  outcomes: Outcomes
  startedAt: number
  endedAt: number
  /** What kept the run from reaching its steps, when it was no step. */
  fault: Fault | undefined
}

/** Cancelled: somebody stopped it before its end. The error is the first failure in declared order (EXE-5). */
export function reportOf({ plan, run, outcomes, startedAt, endedAt, fault }: ReportInput): RunReport {
  const declared = declaredSteps(plan)
  const steps = declared.map(
    ({ process, step }): StepOutcome =>
      outcomes.get({ process, step }) ?? { process, step, state: 'Skipped', durationMs: 0 },
  )
  const unreached = declared.find((id) => !id.skipped && outcomes.get(id) === undefined)
  const failed = steps.find(({ state }) => state === 'Failed') ?? steps.find(({ state }) => state === 'Cancelled')
  const error =
    failed?.error !== undefined
      ? { ...failed.error, process: failed.process, step: failed.step }
      : fault !== undefined && unreached !== undefined
        ? { ...outcomeError(fault), process: unreached.process, step: unreached.step }
        : undefined
  return {
    pipeline: plan.pipeline,
    runId: run.runId,
    correlationId: run.correlationId,
    attempt: run.attempt,
    planHash: plan.hash,
    state: stateOf(steps, { unreached: unreached !== undefined, faulty: fault !== undefined }),
    startedAt: new Date(startedAt).toISOString(),
    durationMs: endedAt - startedAt,
    steps,
    ...(error === undefined ? {} : { error }),
  }
}

function stateOf(
  steps: readonly StepOutcome[],
  { unreached, faulty }: { unreached: boolean; faulty: boolean },
): RunReport['state'] {
  const has = (wanted: StepOutcome['state']): boolean => steps.some(({ state }) => state === wanted)
  if (has('Cancelled')) return 'Cancelled'
  if (has('Failed') || faulty) return 'Failed'
  return unreached ? 'Cancelled' : 'Succeeded'
}
