// Starts what may be started: as Jobs, within the run's bound on steps at the same time, or in a pool's line, which gives
// them to workers as they come free.
import type { Reason } from '../manifest/index.ts'
import type { Plan, StepPlan } from '../plan/index.ts'
import type { Action, RunEvent } from './decision.ts'
import { fallback, warning } from './fold-steps.ts'
import { isOf } from './judge-step.ts'
import { isPooled } from './lease-wishes.ts'
import { DEFAULT_MAX_PARALLEL, OPEN_AT_MOST, POOL_DEADLINE, POOLED_AT_MOST } from './limits.ts'
import type { Observed } from './observed.ts'
import { goesToPool, type Place, placeOf } from './place.ts'
import { type Frontier, frontierOf } from './ready-steps.ts'
import { iso } from './ruling.ts'
import { keyOf, needsDetail, type StepRecord } from './step-record.ts'

export interface Scheduled {
  records: StepRecord[]
  actions: Action[]
  events: RunEvent[]
  /** Steps wait, and for what. */
  waits?: { reason: Reason; message: string }
  /** When waiting becomes failing. */
  lookAgainAt?: number
}

export interface ToSchedule {
  observed: Observed
  plan: Plan
  records: StepRecord[]
  frontier?: Frontier
}

export function schedule({ observed, plan, records, frontier = frontierOf(plan, records) }: ToSchedule): Scheduled {
  const place = placeOf(observed)
  const pending = frontier.state === 'open' ? frontier.pending : []
  const starts = choose(pending, records, { place, observed })
  const scheduled: Scheduled = { records: [], actions: [], events: [] }
  for (const record of records) {
    const start = starts.get(keyOf(record))
    if (start === undefined) scheduled.records.push(record)
    else startOne(scheduled, record, { start, place, now: observed.now })
  }
  if (
    scheduled.actions.length > 0 &&
    place.kind === 'jobs' &&
    place.fallback !== undefined &&
    isFirstOf(records, observed)
  )
    scheduled.events.push(fallback(place.fallback))
  // their pods mount it
  const hasJobs = scheduled.records.some(({ state, pool }) => state === 'Running' && pool === undefined)
  if (hasJobs && !isPlanThere(observed)) scheduled.actions.unshift({ kind: 'createPlan' })
  return scheduled
}

type Start = { kind: 'job' } | { kind: 'pool'; pool: string } | { kind: 'wait' } | { kind: 'tooLarge' }

function choose(
  pending: StepPlan[],
  records: StepRecord[],
  { place, observed }: { place: Place; observed: Observed },
): Map<string, Start> {
  const { maxParallel: maxJobs = DEFAULT_MAX_PARALLEL } = observed.run.spec.dispatch ?? {}
  let jobs = maxJobs - records.filter((record) => record.state === 'Running' && !isPooled(record)).length
  let pooled = POOLED_AT_MOST - records.filter(isPooled).length
  let open = OPEN_AT_MOST - records.filter(needsDetail).length
  const known = new Map(records.map((record) => [keyOf(record), record]))
  const recordOf = ({ process, name }: StepPlan) => known.get(`${process}/${name}`)
  const isAgain = (step: StepPlan) => (recordOf(step)?.try ?? 1) > 1
  // it has waited in vain for workers that are as few as before
  const isOutOfLine = (step: StepPlan) =>
    place.kind === 'pool' && place.only !== undefined && recordOf(step)?.reason === 'NoWorkers'
  // made before a crash, where no pool was known
  const hasJob = (step: StepPlan) => {
    const record = recordOf(step)
    return record !== undefined && observed.jobs.some(isOf(record))
  }
  const starts = new Map<string, Start>()
  // Disrupted ones first: they have their details already.
  for (const step of pending.toSorted((a, b) => Number(isAgain(b)) - Number(isAgain(a)))) {
    const key = `${step.process}/${step.name}`
    if (!isAgain(step) && place.kind !== 'wait' && open-- <= 0) continue
    if (hasJob(step)) starts.set(key, { kind: 'job' })
    else if (place.kind === 'wait') starts.set(key, { kind: 'wait' })
    else if (place.kind === 'pool' && goesToPool(place, step) && !isOutOfLine(step)) {
      if (pooled-- > 0) starts.set(key, { kind: 'pool', pool: place.pool })
    } else if (place.kind === 'pool' && place.only === undefined) starts.set(key, { kind: 'tooLarge' })
    else if (jobs-- > 0) starts.set(key, { kind: 'job' })
  }
  return starts
}

function startOne(
  scheduled: Scheduled,
  record: StepRecord,
  { start, place, now }: { start: Start; place: Place; now: number },
): void {
  const { reason: _reason, message: _message, pool: _pool, ...bare } = record
  const { process, step, attempt, try: number } = record
  switch (start.kind) {
    case 'job':
      scheduled.records.push({ ...bare, state: 'Running', since: iso(now) })
      scheduled.actions.push({ kind: 'createJob', of: { process, step, attempt, try: number } })
      return
    case 'pool':
      scheduled.records.push({ ...bare, state: 'Queued', since: iso(now), pool: start.pool })
      return
    case 'tooLarge': {
      const message = 'the step is too large for a message to a worker; give it dispatch mode job or auto'
      fail(scheduled, bare, { reason: 'PlanTooLargeForPool', message, now })
      return
    }
    case 'wait':
      if (place.kind === 'wait') wait(scheduled, record, { ...place, now })
  }
}

/** In line for a pool that can't take it: since when, so that waiting has an end. */
function wait(
  scheduled: Scheduled,
  record: StepRecord,
  { reason, message, now }: { reason: Reason; message: string; now: number },
): void {
  const waited = record.state === 'Pending' && record.reason === reason ? record.since : undefined
  const since = waited ?? iso(now)
  const until = Date.parse(since) + POOL_DEADLINE
  if (now >= until) {
    fail(scheduled, record, { reason, message: `${message}; waited ${POOL_DEADLINE / 60_000} minutes`, now })
    return
  }
  scheduled.records.push({ ...record, state: 'Pending', reason, message, since })
  scheduled.waits ??= { reason, message }
  scheduled.lookAgainAt = Math.min(scheduled.lookAgainAt ?? until, until)
}

/** The next look, at once, sees what becomes of the run. */
function fail(
  scheduled: Scheduled,
  record: StepRecord,
  { reason, message, now }: { reason: Reason; message: string; now: number },
): void {
  const failed: StepRecord = { ...record, state: 'Failed', reason, message, finishedAt: iso(now) }
  scheduled.records.push(failed)
  scheduled.events.push(warning(failed))
  scheduled.lookAgainAt = now
}

/** A fallback is told when it begins, not at every further Job. */
function isFirstOf(records: StepRecord[], { run }: Observed): boolean {
  return run.status.startedAt === undefined || records.every(({ state }) => state !== 'Running')
}

const isPlanThere = ({ plan }: Observed): boolean => plan.state === 'stored' && plan.present
