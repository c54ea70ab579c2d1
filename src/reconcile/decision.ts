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

export interface Decision {
  /** Done in order, before the status is written. */
  actions: Action[]
  status: RunStatus
  events: RunEvent[]
  /** Milliseconds after which to look again, whatever happens; absent: at the next change. */
  lookAgainMs?: number
}
