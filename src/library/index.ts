// What programs use. `runLocally` is the command line's way in; the rest is the package's public face.
export { Fault, type FaultKind, type FaultPlace } from '../base/index.ts'
export type { Problem } from '../compile/index.ts'
export type { CodeContext, CodeFunction, CodeParam, CodeResult, CodeRows, Relation } from '../engine/index.ts'
export {
  type PipelineDocument,
  type PipelineSpec,
  parallel,
  param,
  pipeline,
  process,
  type RunDocument,
  type RunSpec,
  run,
  type StorageDocument,
  type StorageSpec,
  step,
  storage,
  type WorkerPoolDocument,
  type WorkerPoolSpec,
  workerPool,
} from '../manifest/index.ts'
export {
  type LifecycleEvent,
  logObserver,
  type MetricsObserver,
  metricsFileObserver,
  metricsObserver,
  type Observer,
  type Scope,
} from '../observability/index.ts'
export type {
  OutcomeError,
  ParamValues,
  RunIdentity,
  RunReport,
  SourcePlan,
  StepOutcome,
  StepState,
  TargetPlan,
  TempTarget,
  TypedValue,
  WriteResult,
} from '../plan/index.ts'
export type { Cleaner, Dispatcher, RunTemps } from '../runner/index.ts'
export type {
  ColumnType,
  Engine,
  Frame,
  Row,
  SourceReader,
  StepInfo,
  StepLog,
  TargetWriter,
  TempPart,
  TempStore,
} from '../step/index.ts'
export type { ObservabilityConfig } from './config.ts'
export * from './errors.ts'
export * from './etl-runner.ts'
export * from './local-run.ts'
export * from './workers/local-workers.ts'
