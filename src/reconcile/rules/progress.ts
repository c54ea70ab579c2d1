// While a run goes on: its steps' states first, then what comes next: more steps, another attempt, or the end.
import { backoffMs, type Reason } from '../../manifest/index.ts'
import { type Plan, stepsOf } from '../../plan/index.ts'
import type { Action } from '../decision.ts'
import { type Fold, foldSteps } from '../fold-steps.ts'
import { MAY_PASS } from '../judge-step.ts'
import { isPooled } from '../lease-wishes.ts'
import type { Observed } from '../observed.ts'
import { placeChangesAt } from '../place.ts'
import { type Frontier, frontierOf } from '../ready-steps.ts'
import { attemptOfRound, isLastAttempt } from '../restart.ts'
import { earliest, iso, type Rule, type Ruling } from '../ruling.ts'
import { schedule } from '../schedule.ts'
import { recordsOf, type StepRecord } from '../step-record.ts'
import { oldLeasesEnd } from './deletion.ts'
import { deadlineOf, failuresOf } from './stop.ts'

/** Why a step failed that the status had no room to tell: another attempt is harmless, none breaks a promise. */
const UNKNOWN: Reason = 'TransientFault'

/** Everything else: go on, try again, or end. */
export const goOn: Rule = (observed) => {
  const { run, plan } = observed
  if (plan.state !== 'stored') return undefined
  const fold = foldSteps(recordsOf(plan.plan, run.status), observed, false)
  const frontier = frontierOf(plan.plan, fold.records)
  switch (frontier.state) {
    case 'succeeded':
      return succeeded(plan.plan, fold)
    case 'failed':
      return attemptFailed(observed, plan.plan, fold)
    case 'open':
      return open(observed, plan.plan, fold, frontier)
  }
}

function succeeded(plan: Plan, fold: Fold): Ruling {
  const keepsTemps = stepsOf(plan).some(({ target }) => target.kind === 'temp' && target.scope === 'correlation')
  const actions: Action[] = keepsTemps
    ? [...fold.actions, { kind: 'createCleanUp', scope: 'correlation' }]
    : fold.actions
  return {
    phase: 'Succeeded',
    reason: 'Succeeded',
    message: fold.records.length === 1 ? 'its only step succeeded' : `all ${fold.records.length} steps succeeded`,
    records: fold.records,
    actions,
    events: fold.events,
    set: { nextAttemptAt: null, failures: null },
  }
}

function attemptFailed(observed: Observed, plan: Plan, fold: Fold): Ruling {
  const { run, now } = observed
  const failures = failuresOf(fold.records)
  const first = failures[0]
  const message =
    first === undefined
      ? 'a step failed'
      : `step "${first.process}/${first.step}" failed: ${first.reason}: ${first.message}`
  const attempt = run.status.attempt ?? 1
  const mayPass = fold.records.every(({ state, reason }) => state !== 'Failed' || MAY_PASS.has(reason ?? UNKNOWN))
  const common = { records: fold.records, actions: fold.actions, events: fold.events }
  if (!mayPass || isLastAttempt(run, attempt)) {
    const records = fold.records.map(
      (record): StepRecord => (record.state === 'Pending' ? { ...record, state: 'Skipped' } : record),
    )
    return {
      ...common,
      phase: 'Failed',
      reason: 'StepFailed',
      message,
      records,
      set: { nextAttemptAt: null, failures },
    }
  }
  const planned = run.status.nextAttemptAt === undefined ? undefined : Date.parse(run.status.nextAttemptAt)
  const round = attemptOfRound(run.status, attempt)
  const due = planned ?? now + backoffMs(run.spec.retry?.backoff, round)
  if (now < due) {
    const wait = `attempt ${round} of ${1 + (run.spec.retry?.limit ?? 0)}: ${message}`
    const lookAgainAt = earliest(due, deadlineOf(observed))
    return {
      ...common,
      phase: 'Running',
      reason: 'WaitingForRetry',
      message: wait,
      set: { nextAttemptAt: iso(due), failures },
      lookAgainAt,
    }
  }
  if (run.spec.suspend === true)
    return {
      ...common,
      phase: 'Suspended',
      reason: 'Suspended',
      message: 'suspended',
      set: { nextAttemptAt: iso(due), failures },
    }
  return nextAttempt(observed, plan, fold, attempt + 1)
}

/** Only what has not succeeded is run again. */
function nextAttempt(observed: Observed, plan: Plan, fold: Fold, attempt: number): Ruling {
  const records = fold.records.map(
    (record): StepRecord =>
      record.state === 'Succeeded'
        ? record
        : { process: record.process, step: record.step, state: 'Pending', attempt, try: 1 },
  )
  const scheduled = schedule({ observed, plan, records })
  return {
    phase: 'Running',
    reason: 'Running',
    message: `attempt ${attempt}`,
    records: scheduled.records,
    actions: [...fold.actions, ...scheduled.actions],
    events: [...fold.events, ...scheduled.events],
    set: {
      attempt,
      attemptStartedAt: iso(observed.now),
      nextAttemptAt: null,
    },
    lookAgainAt: earliest(scheduled.lookAgainAt, deadlineOf(observed)),
  }
}

function open(observed: Observed, plan: Plan, fold: Fold, frontier: Frontier & { state: 'open' }): Ruling {
  if (observed.run.spec.suspend === true) return suspended(observed, fold)
  const scheduled = schedule({ observed, plan, records: fold.records, frontier })
  const times = [
    ...fold.lookAgainAt,
    scheduled.lookAgainAt,
    deadlineOf(observed),
    placeChangesAt(observed),
    leasesKnownAt(observed, fold),
  ]
  return {
    phase: 'Running',
    ...(scheduled.waits ?? reasonOf(observed, fold)),
    records: scheduled.records,
    actions: [...fold.actions, ...scheduled.actions],
    events: [...fold.events, ...scheduled.events],
    lookAgainAt: earliest(...times),
  }
}

/** When it is certain which steps in a pool's line no worker has. */
const leasesKnownAt = (observed: Observed, { records }: Fold): number | undefined =>
  records.some(isPooled) ? oldLeasesEnd(observed) : undefined

/** What waits in a pool's line is taken out of it, once it is certain that no worker has it. */
function suspended(observed: Observed, fold: Fold): Ruling {
  const knownAt = leasesKnownAt(observed, fold)
  const withdrawn = (record: StepRecord): StepRecord =>
    record.state === 'Queued' && knownAt === undefined ? { ...record, state: 'Pending' } : record
  const records = fold.records.map(withdrawn)
  const running = records.filter(({ state }) => state === 'Running').length
  const message =
    running > 0
      ? `suspended; ${running} running ${running === 1 ? 'step is' : 'steps are'} left to finish`
      : 'suspended; set spec.suspend to false to go on'
  return {
    phase: running > 0 ? 'Running' : 'Suspended',
    reason: 'Suspended',
    message,
    records,
    actions: fold.actions,
    events: fold.events,
    holdLeases: true,
    lookAgainAt: earliest(...fold.lookAgainAt, deadlineOf(observed), knownAt),
  }
}

/** It stays Started until a step has ended: to say Running before would cost a write and tell nothing. */
function reasonOf({ run }: Observed, { records, held: [held] }: Fold): Pick<Ruling, 'reason' | 'message'> {
  if (held !== undefined)
    return {
      reason: held.reason as Ruling['reason'],
      message: `step "${held.process}/${held.step}": ${held.message}`,
    }
  const { reason, message = '' } = run.status
  const hasProgress = records.some(({ state }) => state !== 'Running' && state !== 'Queued' && state !== 'Pending')
  return reason === 'Started' && !hasProgress
    ? { reason: 'Started', message }
    : { reason: 'Running', message: 'running' }
}
