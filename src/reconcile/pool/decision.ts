// What is to be done about a pool: the next status, effects in order, events, and when to look again.
import type { WorkerPoolStatus } from '../../manifest/index.ts'
import type { RunEvent } from '../decision.ts'

/** Each is harmless when repeated. */
export type PoolAction =
  /** These workers get no more steps, and only these. */
  | { kind: 'drain'; workers: string[] }
  | { kind: 'createDeployment'; replicas: number }
  /** All that is ours in it is written anew. */
  | { kind: 'replaceDeployment'; name: string; uid: string; replicas: number }
  | { kind: 'scale'; name: string; uid: string; replicas: number }
  /** Their pods are (no longer) the first that the Deployment takes away. */
  | { kind: 'mark' | 'unmark'; name: string; uid: string }

export interface PoolDecision {
  /** Done in order, before the status is written. */
  actions: PoolAction[]
  status: WorkerPoolStatus
  events: RunEvent[]
  /** Milliseconds after which to look again, whatever happens; absent: at the next change. */
  lookAgainMs?: number
}
