// ETLRunner: pipelines from a program. The same compile, plan and runner as the CLI's.
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { asFault, Fault, isId } from '../base/index.ts'
import { objectStoreOf, tempRootOf } from '../compile/index.ts'
import { storesOf } from '../formats/index.ts'
import type { PipelineDocument, StorageDocument, StorageSpec } from '../manifest/index.ts'
import type { Observer } from '../observability/index.ts'
import type { RunIdentity, RunReport } from '../plan/index.ts'
import { type Cleaner, cleanerOf, cleanupCorrelation, type Dispatcher, type RunTemps } from '../runner/index.ts'
import type { Engine, SourceReader, StepLog, TargetWriter } from '../step/index.ts'
import { compileRun } from './compile-run.ts'
import { checkedObservability, checkedStorage, type ObservabilityConfig, observersOf, readConfig } from './config.ts'
import { RunCancelledError, StepFailedError } from './errors.ts'
import { given } from './given.ts'
import { type EngineSettings, runLocally } from './local-run.ts'

/** Keeps intermediate results in a place of its own. */
export interface CheckpointStore {
  /** The temps of one run. */
  open(run: RunIdentity): RunTemps
  cleanupCorrelation(correlationId: string): Promise<void>
}

/** What may be set whichever way a runner is made. */
export interface RunnerSettings extends EngineSettings {
  /** Starts the members of parallel groups. */
  dispatcher?: Dispatcher
  /** Runs the steps instead of an engine in this process; `startWorkers` gives one. Whoever gave it closes it. */
  engine?: Engine
  /** Deletes folders of intermediate results; its errors are warnings. */
  cleaner?: Cleaner
  /** Folder that relative places and paths start from. Default: the working folder. */
  folder?: string
  /** Told of warnings. Default: warnings of the process. */
  log?: StepLog
}

/** Parts that may be replaced. */
export interface ETLRunnerParts extends RunnerSettings {
  /** Where things lie; checked already. Default: below `.loom` of the folder. */
  storage?: StorageSpec
  /** Reads sources instead of the built-in reader; it may leave any source to it. */
  reader?: SourceReader
  /** Writes targets instead of the built-in writer; it may leave any target to it. */
  writer?: TargetWriter
  /** Told of start, end and error of pipeline, processes and steps, in this order. */
  observability?: readonly Observer[]
  checkpointStore?: CheckpointStore
}

export interface ETLRunnerExtras extends RunnerSettings {
  /** Told after the configured ones (RUN-4). */
  extraObservers?: readonly Observer[]
  /** Not yet: see fromSpark. */
  spark?: unknown
}

export interface RunOptions {
  /** Only these steps or processes. */
  include?: readonly string[]
  /** Business id, stable over retries. */
  correlationId?: string
  /** Default: a UUID. A run id that is used again resumes; with another plan it is refused. */
  runId?: string
  /** 1-based. Default 1. */
  attempt?: number
  /** No further attempt follows. Default true. */
  lastAttempt?: boolean
  /** Steps at the same time. Default: the number of CPUs. */
  parallel?: number
  /** Aborted: running steps are interrupted, nothing more is started. */
  signal?: AbortSignal
}

const WARNINGS: StepLog = {
  info: () => {},
  warn: (message, fields) =>
    process.emitWarning(fields === undefined ? message : `${message} ${JSON.stringify(fields)}`, 'LoomWarning'),
}

/**
 * Runs pipelines in this process.
 *
 * @example
 * const runner = await ETLRunner.fromYaml('storage.yaml')
 * await runner.run(pipeline, { month: '2013-01-01' }, { include: ['ingest'] })
 */
export class ETLRunner {
  readonly #parts: ETLRunnerParts

  constructor(parts: ETLRunnerParts = {}) {
    this.#parts = parts
  }

  /** From values, which are checked first. @throws CompilationError, Fault invalid InvalidConfig */
  static async fromConfig(
    storage: StorageSpec | StorageDocument,
    observability?: ObservabilityConfig,
    { spark, extraObservers = [], ...settings }: ETLRunnerExtras = {},
  ): Promise<ETLRunner> {
    if (spark !== undefined) throw sparkComesLater()
    const observers = [...observersOf(checkedObservability(observability)), ...extraObservers]
    return new ETLRunner({ ...settings, storage: checkedStorage(storage), observability: observers })
  }

  /**
   * From a YAML file: an ETLStorage document, or a mapping of `storage` and, if wanted, `observability`.
   * @param source a path or a file:// URI
   * @throws Fault missing FileNotFound, invalid InvalidConfig; CompilationError
   */
  static async fromYaml(source: string | URL, extras: ETLRunnerExtras = {}): Promise<ETLRunner> {
    const { storage, observability } = await readConfig(source)
    return await ETLRunner.fromConfig(storage, observability, extras)
  }

  /** From plain objects; unknown fields and wrong types are refused, nothing is converted. @throws as fromConfig */
  static async fromDict(storage: object, observability?: object, extras: ETLRunnerExtras = {}): Promise<ETLRunner> {
    return await ETLRunner.fromConfig(checkedStorage(storage), checkedObservability(observability), extras)
  }

  /** @throws Fault invalid NotSupported: Spark is not supported yet */
  static async fromSpark(
    _spark: unknown,
    _observability?: ObservabilityConfig,
    _extras: ETLRunnerExtras = {},
  ): Promise<ETLRunner> {
    throw sparkComesLater()
  }

  /**
   * Runs a pipeline: compile → steps → clean-up of temps → flush of observers (RUN-10, RUN-11).
   * @param pipeline a parsed manifest, or what the builder returns
   * @param params values by name, as in a manifest, or Date and bigint
   * @returns the report of a run in which every step succeeded
   * @throws before anything is run or told (RUN-12): CompilationError, InvalidStageError, Fault invalid InvalidId,
   *   InvalidAttempt, RunIdReused, Fault conflict RunInProgress; after it: StepFailedError, RunCancelledError, with the report
   */
  async run(
    pipeline: PipelineDocument,
    params: Readonly<Record<string, unknown>> = {},
    options: RunOptions = {},
  ): Promise<RunReport> {
    const run = identityOf(options)
    const { reader, writer, storage, checkpointStore, observability: observers } = this.#parts
    const { plan, binding } = await compileRun({
      pipeline,
      params,
      include: options.include,
      correlationId: options.correlationId,
      storage,
      folder: this.#folder(),
      checkTables: reader === undefined && writer === undefined,
    })
    const { dispatcher, engine, cleaner, log = WARNINGS, memoryLimit, threads, extensionsFolder } = this.#parts
    const { parallel, signal } = options
    const faults = new Map<string, Fault>()
    const report = await runLocally({
      plan,
      binding,
      run,
      log,
      watcher: {
        stepEnded: ({ process, step }, fault) => void (fault && faults.set(`${process}/${step}`, fault)),
      },
      ...given({ observers, parallel, signal, reader, writer, dispatcher, engine, cleaner }),
      ...given({ memoryLimit, threads, extensionsFolder, temps: checkpointStore?.open(run) }),
    })
    if (report.state === 'Succeeded') return report
    const cause = faults.get(`${report.error?.process}/${report.error?.step}`)
    throw report.state === 'Cancelled' ? new RunCancelledError(report, cause) : new StepFailedError(report, cause)
  }

  /** Waits for what observers have in hand. All are flushed; then the first failure is thrown (RUN-17 without its flaw). */
  async flush(): Promise<void> {
    const failures: unknown[] = []
    for (const observer of this.#parts.observability ?? []) {
      try {
        await observer.flush?.()
      } catch (thrown) {
        failures.push(thrown)
      }
    }
    if (failures.length > 0) throw asFault(failures[0])
  }

  /** Removes the intermediate results that are kept for a correlation id (RUN-18). @throws Fault invalid InvalidId */
  async cleanupCorrelation(correlationId: string): Promise<void> {
    const { checkpointStore, cleaner, storage = {} } = this.#parts
    if (checkpointStore !== undefined) return await checkpointStore.cleanupCorrelation(correlationId)
    const folder = this.#folder()
    const facts = { workingFolder: folder, manifestFolder: folder }
    const root = tempRootOf(storage, facts)
    const objectStore = objectStoreOf(storage, facts)
    await cleanupCorrelation(root, correlationId, cleaner ?? cleanerOf(root, storesOf({ objectStore })))
  }

  #folder(): string {
    return resolve(this.#parts.folder ?? '.')
  }
}

function identityOf({ runId, correlationId, attempt = 1, lastAttempt = true }: RunOptions): RunIdentity {
  for (const [id, what] of [
    [runId, 'run id'],
    [correlationId, 'correlation id'],
  ] as const)
    if (id !== undefined && !isId(id))
      throw invalid(
        'InvalidId',
        `cannot use ${what} "${id}": it becomes a folder's name; use letters, digits, dot, - and _`,
      )
  if (!Number.isSafeInteger(attempt) || attempt < 1)
    throw invalid('InvalidAttempt', `cannot use attempt ${attempt}: attempts count from 1; give a whole number`)
  return { runId: runId ?? randomUUID(), correlationId: correlationId ?? null, attempt, lastAttempt }
}

const invalid = (code: string, message: string): Fault => new Fault({ kind: 'invalid', code, message })

const sparkComesLater = (): Fault =>
  invalid(
    'NotSupported',
    'cannot make a runner on Spark: Spark comes in a later version; use ETLRunner.fromYaml or fromConfig, which run on DuckDB',
  )
