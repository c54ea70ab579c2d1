// What became of a step that is in a pool's hands, read from its lease and from where the run's steps go now.
import type { Reason } from '../manifest/index.ts'
import type { StepOutcome } from '../plan/index.ts'
import { disrupted, isOf, judgeOutcome, type Verdict } from './judge-step.ts'
import { POOL_DEADLINE } from './limits.ts'
import type { LeaseFact, Observed } from './observed.ts'
import type { Place } from './place.ts'
import type { StepRecord } from './step-record.ts'

export type LeaseVerdict =
  | Verdict
  | { kind: 'queued' }
  /** A Job is to run it instead. */
  | { kind: 'fallback'; reason: Reason; message: string }
  /** Try again, and count it as nobody's fault at all. */
  | { kind: 'again'; reason: Reason; message: string }

/** @param record a step in state Queued or Running that names a pool */
export function judgeLease(
  record: StepRecord,
  observed: Pick<Observed, 'now' | 'leases' | 'dispatch'>,
  place: Place,
): LeaseVerdict {
  const lease = observed.leases.find(isOf(record))
  switch (lease?.state) {
    case 'ended':
      return judgeEnded(lease.outcome, record)
    case 'expired':
      return judgeExpired(lease, record)
    case 'leased':
      return { kind: 'running' }
    case 'offered':
    case undefined:
      // a worker may have it, and be heard of yet
      if (observed.now < observed.dispatch.oldLeasesEnd) return { kind: 'queued' }
      return judgeWaiting(record, observed.now, place)
  }
}

function judgeEnded(outcome: StepOutcome | undefined, record: StepRecord): LeaseVerdict {
  if (outcome === undefined || outcome.state === 'Cancelled')
    return disrupted(record, 'WorkerStopped', 'its worker was stopped before the step was done')
  return judgeOutcome(outcome)
}

function judgeExpired({ lost, worker }: LeaseFact, record: StepRecord): LeaseVerdict {
  if (lost === 'BrokerLost')
    return {
      kind: 'again',
      reason: 'BrokerLost',
      message: `worker "${worker}" could not be heard while the broker was gone`,
    }
  return disrupted(record, 'LeaseExpired', `worker "${worker}" was not heard of for too long`)
}

function judgeWaiting(record: StepRecord, now: number, place: Place): LeaseVerdict {
  const untilMs = Date.parse(record.since ?? '') + POOL_DEADLINE
  switch (place.kind) {
    case 'jobs':
      return {
        kind: 'fallback',
        ...(place.fallback ?? { reason: 'PoolNotFound', message: 'the run uses no pool now' }),
      }
    case 'wait':
      return waiting(place, untilMs, now)
    case 'pool': {
      if (place.workers > 0 || Number.isNaN(untilMs)) return { kind: 'queued' }
      const why = { reason: 'NoWorkers', message: `pool "${place.pool}" has no worker that asks for work` } as const
      if (now < untilMs) return { kind: 'queued' }
      return place.only === undefined ? waiting(why, untilMs, now) : { kind: 'fallback', ...why }
    }
  }
}

function waiting({ reason, message }: { reason: Reason; message: string }, untilMs: number, now: number): LeaseVerdict {
  if (now < untilMs) return { kind: 'held', reason, message, untilMs }
  return { kind: 'failed', reason, message: `${message}; waited ${POOL_DEADLINE / 60_000} minutes` }
}
