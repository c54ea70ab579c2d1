// One step that is offered to a pool, from the offer to the moment when its outcome is in the run's status.
//
//   offered ──▶ leased ──▶ ended ──▶ (settled: gone)
//      ▲          │ ▲         ▲
//      └──────────┘ │         │  not accepted in time: offered again, as the same try
//                   ▼         │  expired: the run's next look makes it the next try
//                expired ─────┘
import type { StepOutcome, StepTask } from '../plan/index.ts'
import { type DispatchLimits, STEP_TIMEOUT_SLACK_MS } from './limits.ts'
import { type LeaseId, leaseKey, type StopReason } from './messages.ts'

/** What a run wants of a pool: level-based, told anew after every look at the run. */
export interface Wanted {
  id: LeaseId
  /** `namespace/name`. */
  pool: string
  task: StepTask
  /** It was not put in line just now: a worker may have it from an earlier leader. */
  mayBeHeld: boolean
}

/** The run that a lease belongs to. */
export interface LeasingRun {
  uid: string
  /** `namespace/name`. */
  key: string
  /** Leases at the same time, at most; absent: as many as there are workers. */
  maxParallel?: number
}

export type LeaseState = 'offered' | 'leased' | 'expired' | 'ended'
export type LossReason = 'LeaseExpired' | 'BrokerLost'

export interface Lease {
  readonly id: LeaseId
  readonly key: string
  readonly run: string
  readonly pool: string
  task: StepTask
  state: LeaseState
  offeredAt: number
  /** Not given out before: a worker may have it from an earlier leader and has not been heard of yet. */
  notBefore: number
  worker?: string
  leasedAt?: number
  renewedAt?: number
  /** False until the worker has renewed once. */
  accepted: boolean
  expiresAt: number
  stop?: StopReason
  lost?: LossReason
  outcome?: StepOutcome
  /** The request that waits until the outcome is in the status. */
  report?: number
}

/** What a decision sees of a lease. */
export interface LeaseFact {
  process: string
  step: string
  attempt: number
  try: number
  state: LeaseState
  worker?: string
  lost?: LossReason
  outcome?: StepOutcome
}

export function offer({ id, pool, task }: Wanted, run: string, at: { now: number; notBefore: number }): Lease {
  return {
    id,
    key: leaseKey(id),
    run,
    pool,
    task,
    state: 'offered',
    offeredAt: at.now,
    notBefore: at.notBefore,
    accepted: false,
    expiresAt: 0,
  }
}

export function factOf({ id, state, worker, lost, outcome }: Lease): LeaseFact {
  const { process, step, attempt, try: number } = id
  return {
    process,
    step,
    attempt,
    try: number,
    state,
    ...(worker === undefined ? {} : { worker }),
    ...(lost === undefined ? {} : { lost }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

/** Something may still come of it. */
export const isOpen = ({ state }: Pick<Lease, 'state'>): boolean => state === 'offered' || state === 'leased'

/** Of the same step, and later. */
export const isLater = (one: LeaseId, other: LeaseId): boolean =>
  one.process === other.process &&
  one.step === other.step &&
  (one.attempt > other.attempt || (one.attempt === other.attempt && one.try > other.try))

/** To a worker, which must renew soon to show that it has got it. */
export function give(lease: Lease, worker: string, { acceptMs }: DispatchLimits, now: number): void {
  const expiresAt = now + acceptMs
  const given: Partial<Lease> = { state: 'leased', worker, leasedAt: now, renewedAt: now, accepted: false, expiresAt }
  Object.assign(lease, given)
}

export function renew(lease: Lease, { leaseMs }: DispatchLimits, now: number): void {
  const renewed: Partial<Lease> = { accepted: true, renewedAt: now, expiresAt: now + leaseMs }
  Object.assign(lease, renewed)
}

/** From a worker that has it already. */
export function adopt(lease: Lease, worker: string, limits: DispatchLimits, now: number): void {
  give(lease, worker, limits, now)
  renew(lease, limits, now)
}

/** Its step has been running for longer than it may. */
export function isOverdue({ task, leasedAt = 0 }: Lease, now: number): boolean {
  return task.step.timeoutMs !== null && now > leasedAt + task.step.timeoutMs + STEP_TIMEOUT_SLACK_MS
}
