// What a step is given besides its plan. Everything that is not a value comes in here: clock, ids, stores, signals.
import type {
  ParamValues,
  RunIdentity,
  SourcePlan,
  StepPlan,
  StorageBinding,
  TargetPlan,
  WriteResult,
} from '../plan/index.ts'
import type { ColumnType, Row } from './session.ts'
import type { OpenStore } from './store.ts'
import type { TempStore } from './temps.ts'

export interface StepProgress {
  phase: 'read' | 'transform' | 'write' | 'commit'
  /** At least this much of the running query is done, 0…100; absent when the engine can't say. */
  percentage?: number
  rows?: number
}

export interface StepLog {
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
}

/** The rows that a custom reader returns, or that a custom writer is given. */
export interface Frame {
  columns: ColumnType[]
  rows(): AsyncIterable<Row>
}

/** Replaces the built-in reading of sources; undefined leaves a source to the built-in reader. */
export interface SourceReader {
  read(source: SourcePlan, info: StepInfo): Promise<Iterable<Row> | AsyncIterable<Row> | undefined>
}

/** Replaces the built-in writing of targets; undefined leaves a target to the built-in writer. */
export interface TargetWriter {
  write(frame: Frame, target: TargetPlan, info: StepInfo): Promise<Pick<WriteResult, 'rows'> | undefined>
}

export interface StepInfo extends RunIdentity {
  pipeline: string
  planHash: string
  process: string
  step: string
  processRunId: string
  stepRunId: string
  params: ParamValues
}

/**
 * The steps that one process runs, one and the same object for all of them. An engine may let them share what takes long
 * to open, as long as no step can see anything that it could not see alone.
 */
export interface Company {
  /** Of one run. Absent: which ones will come is not known; they are of any runs, on one storage. */
  steps?: readonly StepPlan[]
  /** Absolute folder for spill and scratch files that outlive a step; it is there as long as one of them runs. */
  workFolder: string
}

export interface StepContext {
  info: StepInfo
  storage: StorageBinding
  openStore: OpenStore
  temps: TempStore
  signal: AbortSignal
  now: () => number
  newId: () => string
  log: StepLog
  onProgress: (progress: StepProgress) => void
  /** Awaited right before anything is made visible. @throws Fault conflict LeaseLost when the step's time is over. */
  assertMayCommit: () => void | Promise<void>
  /** Absolute folder for spill and scratch files of this step; exists. */
  workFolder: string
  /** Absent: nobody else of the run is in this process. */
  company?: Company
  reader?: SourceReader
  writer?: TargetWriter
}

/** One engine: runs a step from its sources to its target. */
export interface Engine {
  /** @throws Fault; with `signal` aborted: Fault transient Interrupted */
  runStep(step: StepPlan, context: StepContext): Promise<WriteResult>
  close(): Promise<void>
}
