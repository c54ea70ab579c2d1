// What became of a step and of a run: the report that travels back, from a pod or in process.
import type { Fault, FaultKind, FaultPlace } from '../base/index.ts'

export const STEP_STATES = ['Succeeded', 'Failed', 'Cancelled', 'Skipped'] as const
export type StepState = (typeof STEP_STATES)[number]

export interface OutcomeError {
  kind: FaultKind
  code: string
  /** One line, no secrets. */
  message: string
  at?: FaultPlace
}

/** What a write did. */
export interface WriteResult {
  rows: number
  bytes: number
  files: number
  /** Of a table target. */
  tableVersion?: number
  /** This run has done the step before: its commit is in the table's log, its temp or file is there. Nothing was written. */
  alreadyCommitted?: boolean
  warnings: string[]
}

export interface StepOutcome {
  process: string
  step: string
  state: StepState
  write?: WriteResult
  durationMs: number
  error?: OutcomeError
}

/** The report of a run: `loom run --output json` prints it. */
export interface RunReport {
  pipeline: string
  runId: string
  correlationId: string | null
  attempt: number
  planHash: string
  state: 'Succeeded' | 'Failed' | 'Cancelled'
  startedAt: string
  durationMs: number
  /** In declared order, the skipped ones too. */
  steps: StepOutcome[]
  /** The first failure in declared order (EXE-5). */
  error?: OutcomeError & { process: string; step: string }
}

export function outcomeError(fault: Fault): OutcomeError {
  return { kind: fault.kind, code: fault.code, message: fault.message, ...(fault.at ? { at: fault.at } : {}) }
}
