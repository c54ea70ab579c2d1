// The public face of the library.
export { Fault, type FaultKind } from './base/index.ts'
export type { Problem } from './compile/index.ts'
export type { CodeContext, CodeFunction, CodeParam, CodeResult, CodeRows, Relation } from './engine/index.ts'
export {
  CompilationError,
  ETLRunner,
  type ETLRunnerExtras,
  type ETLRunnerParts,
  InvalidStageError,
  type RunOptions,
  StepFailedError,
} from './library/index.ts'
export {
  type PipelineDocument,
  type PipelineSpec,
  parallel,
  param,
  pipeline,
  process,
  type RunSpec,
  run,
  type StorageSpec,
  step,
  storage,
} from './manifest/index.ts'
export type { LifecycleEvent, Observer } from './observability/index.ts'
export type { RunReport, SourcePlan, StepOutcome, TargetPlan } from './plan/index.ts'
export type { Cleaner, Dispatcher, RunTemps } from './runner/index.ts'
export type { ColumnType, Frame, Row, SourceReader, StepInfo, TargetWriter } from './step/index.ts'
