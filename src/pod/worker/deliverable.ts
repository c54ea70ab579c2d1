// What the operator is told of a step that was stopped.
import { Fault } from '../../base/index.ts'
import type { StopReason } from '../../dispatch/index.ts'
import { outcomeError, type StepOutcome } from '../../plan/index.ts'

/** lost: the lease ran out; drained: the worker itself has to stop. */
export type EndReason = StopReason | 'lost' | 'drained'

/** undefined: nobody waits for it. What was done or went wrong before the stop came through is told as it is. */
export function deliverable(outcome: StepOutcome, end: EndReason | undefined): StepOutcome | undefined {
  switch (end) {
    case undefined:
    case 'cancelled':
    case 'drained':
      return outcome
    case 'timedOut':
      return outcome.state === 'Cancelled' ? timedOut(outcome) : outcome
    case 'lost':
      return outcome.state === 'Cancelled' ? undefined : outcome
    case 'superseded':
      return undefined
    default:
      return end satisfies never
  }
}

function timedOut(outcome: StepOutcome): StepOutcome {
  const fault = new Fault({
    kind: 'transient',
    code: 'TimedOut',
    message: `cannot finish step "${outcome.step}": it took longer than its timeout; raise the timeout, or give it less to do`,
  })
  return { ...outcome, state: 'Failed', error: outcomeError(fault) }
}
