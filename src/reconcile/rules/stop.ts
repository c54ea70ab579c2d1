// What stops a run that has started: a lost plan, a cancellation, its own timeout. Stopping takes two looks or more: tell
// the Jobs to go, wait until nothing runs, then say how it ended.
import { parseDuration } from '../../base/index.ts'
import type { RunStatus } from '../../manifest/index.ts'
import { foldSteps } from '../fold-steps.ts'
import type { Observed } from '../observed.ts'
import { frontierOf } from '../ready-steps.ts'
import { roundStartedAt } from '../restart.ts'
import type { Rule } from '../ruling.ts'
import { recordsOf, type StepRecord } from '../step-record.ts'
import { oldLeasesEnd, stillRunning, stopAll } from './deletion.ts'

/** The plan is gone and can't be made again as it was: stop what runs, then fail. */
export const planLost: Rule = (observed) => {
  const { plan, run } = observed
  if (plan.state !== 'lost') return undefined
  if (stillRunning(observed)) {
    return {
      phase: 'Running',
      reason: 'Stopping',
      message: `stopping: ${plan.message}`,
      actions: stopAll(observed),
      stopLeases: 'cancelled',
      lookAgainAt: oldLeasesEnd(observed),
    }
  }
  const stepStates = (run.status.stepStates ?? '').replaceAll('R', 'C').replaceAll(/[.Q]/g, 'K')
  const steps = (run.status.steps ?? []).map((step): StepRecord => (isOpen(step) ? cancelledRecord(step) : step))
  return { phase: 'Failed', reason: 'PlanLost', message: plan.message, set: { stepStates, steps, nextAttemptAt: null } }
}

/** Cancelled or out of time: stop what runs, and wait until it has stopped. */
export const stopped: Rule = (observed) => {
  const { run, plan, now } = observed
  if (plan.state !== 'stored') return undefined
  const deadline = deadlineOf(observed)
  const late = deadline !== undefined && now >= deadline
  if (run.spec.cancel !== true && !late) return undefined
  const fold = foldSteps(recordsOf(plan.plan, run.status), observed, true)
  const end = late
    ? ({ phase: 'Failed', reason: 'TimedOut', message: `took longer than spec.timeout, ${run.spec.timeout}` } as const)
    : ({ phase: 'Cancelled', reason: 'Cancelled', message: 'cancelled by spec.cancel' } as const)
  if (frontierOf(plan.plan, fold.records).state === 'succeeded') return undefined
  if (stillRunning(observed)) {
    const actions = [...fold.actions, ...stopAll(observed)]
    return {
      phase: 'Running',
      reason: 'Stopping',
      message: `stopping: ${end.message}`,
      actions,
      records: fold.records,
      events: fold.events,
      stopLeases: late ? 'timedOut' : 'cancelled',
      lookAgainAt: oldLeasesEnd(observed),
    }
  }
  const records = fold.records.map((record) => (isOpen(record) ? cancelledRecord(record) : record))
  return {
    ...end,
    records,
    events: fold.events,
    actions: fold.actions,
    set: { nextAttemptAt: null, failures: failuresOf(records) },
  }
}

/** When the run's own time is over, in ms since the epoch; it counts from the last restart. */
export function deadlineOf({ run, now }: Observed): number | undefined {
  const timeout = parseDuration(run.spec.timeout ?? '')
  if (timeout === undefined) return undefined
  const since = roundStartedAt(run.status)
  return (since === undefined ? now : Date.parse(since)) + timeout
}

export function failuresOf(records: StepRecord[]): NonNullable<RunStatus['failures']> {
  return records
    .filter(({ state }) => state === 'Failed')
    .slice(0, 3)
    .map(({ process, step, attempt, reason = 'StepFailed', message = '' }) => ({
      process,
      step,
      attempt,
      reason,
      message,
    }))
}

const isOpen = ({ state }: StepRecord): boolean => state === 'Running' || state === 'Queued' || state === 'Pending'

const cancelledRecord = (record: StepRecord): StepRecord => ({
  ...record,
  state: record.state === 'Running' ? 'Cancelled' : 'Skipped',
})
