// What a worker has to do or to say now.
import type { Heartbeat, LeaseId, OutcomeReport, Ready } from '../../dispatch/index.ts'
import type { StepTask } from '../../plan/index.ts'
import type { EndReason } from './deliverable.ts'

export type WorkerAct =
  /** A request for work; whatever comes of it is told with its number. */
  | { kind: 'ask'; ask: number; message: Ready }
  /** The last request for work is taken back. */
  | { kind: 'leave'; message: Ready }
  | { kind: 'heartbeat'; key: string; sentAt: number; message: Heartbeat }
  | { kind: 'report'; key: string; message: OutcomeReport }
  | { kind: 'start'; id: LeaseId; task: StepTask }
  /** The step of that lease, while the clock is before `until`. */
  | { kind: 'mayCommit'; key: string; until: number }
  | { kind: 'abort'; reason: EndReason }
