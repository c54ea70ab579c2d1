// What is to be done: the next status, effects in order, events, and when to look again.
import type { Reason, RunStatus } from '../manifest/index.ts'
import type { TryId } from './observed.ts'

/** Each is harmless when repeated: names are deterministic, deletions carry the uid. */
export type Action =
  | { kind: 'createPlan' }
  | { kind: 'createJob'; of: TryId }
  | { kind: 'deleteJob'; name: string; uid: string }
  | { kind: 'addFinalizer' }
  | { kind: 'removeFinalizer' }
  | { kind: 'createCleanUp'; scope: 'run' | 'correlation' }
  | { kind: 'deleteRun' }

export interface RunEvent {
  type: 'Normal' | 'Warning'
  reason: Reason
  message: string
}

/** A try of a step that a pool's workers are to run. */
export interface PooledTry extends TryId {
  pool: string
  /** It was in line before this decision: a worker may have it from an earlier leader. */
  mayBeHeld: boolean
}

/** What the leases of the run should be once its status is written. */
export interface LeaseWishes {
  /** In declared order. */
  wanted: PooledTry[]
  /** Ended and expired ones that the status takes account of. */
  seen: TryId[]
  /** Nothing is wanted any more, and why. */
  stop?: 'cancelled' | 'timedOut' | 'superseded'
  /** Nothing is given out: what is wanted is for workers that have it already. */
  hold?: true
  /** The run has ended. */
  final: boolean
}

export interface Decision {
  /** Done in order, before the status is written. */
  actions: Action[]
  status: RunStatus
  events: RunEvent[]
  /** Absent: leave them as they are. */
  leases?: LeaseWishes
  /** Milliseconds after which to look again, whatever happens; absent: at the next change. */
  lookAgainMs?: number
}
