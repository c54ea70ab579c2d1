// The lease that a worker holds.
import { type LeaseId, leaseKey, type Work } from '../../dispatch/index.ts'
import type { EndReason } from './deliverable.ts'

export type LeaseGiven = Extract<Work, { kind: 'lease' }>

export interface HeldLease {
  id: LeaseId
  key: string
  leaseMs: number
  heartbeatMs: number
  /** A heartbeat was answered. */
  accepted: boolean
  /** From then on the operator may give the step to others. */
  lostAt: number
  /** When to send the next heartbeat. */
  beatAt: number
  /** Why the step was told to stop. */
  end?: EndReason
}

export const hold = ({ id, leaseMs, heartbeatMs }: LeaseGiven, now: number): HeldLease => ({
  id,
  key: leaseKey(id),
  leaseMs,
  heartbeatMs,
  accepted: false,
  lostAt: now + leaseMs,
  beatAt: now,
})

/** A step that stops still has its lease, unless that is over. */
export const isRenewed = ({ end }: HeldLease): boolean => end !== 'lost' && end !== 'superseded'

/** How long to wait for the next heartbeat after one that was not answered. */
export const soon = ({ heartbeatMs }: HeldLease): number => heartbeatMs / 4
