// Lifecycle events: pipeline → process → step, each with start and then end or error (EVT-1…5, without their defects).

import type { Ending } from './metrics.ts'

export const SCOPES = ['pipeline', 'process', 'step'] as const
export type Scope = (typeof SCOPES)[number]

export interface LifecycleEvent {
  scope: Scope
  kind: 'start' | 'end' | 'error'
  name: string
  /** runId, processRunId or stepRunId, by scope. */
  id: string
  /** The id of the span around this one; null for a pipeline. */
  parentId: string | null
  runId: string
  correlationId: string | null
  attempt: number
  lastAttempt: boolean
  /** ISO 8601, UTC. */
  at: string
  /** On end and error. */
  durationMs?: number
  status?: Ending
  error?: { kind: string; code: string; message: string }
  /** On step end: rows, bytes, files, tableVersion, alreadyCommitted; on start: what the span is about. */
  meta: Record<string, unknown>
}

/** Called synchronously, in order, from the emitting run; what it throws is logged and dropped (OBS-3). */
export interface Observer {
  onEvent(event: LifecycleEvent): void
  /** Waits for what the observer has in hand. */
  flush?(): Promise<void>
}
