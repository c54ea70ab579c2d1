// ETLRunner: pipelines from a program. The same compile, plan and runner as the CLI's.
import { randomUUID } from 'node:crypto'
import { Fault } from '../base/index.ts'
import { compile, tempRootOf } from '../compile/index.ts'
import type { PipelineDocument, StorageSpec } from '../manifest/index.ts'
import type { Observer } from '../observability/index.ts'
import type { Plan, RunReport, StorageBinding } from '../plan/index.ts'
import { type Cleaner, correlationFolder, type Dispatcher, folderCleaner, type RunTemps } from '../runner/index.ts'
import type { SourceReader, TargetWriter } from '../step/index.ts'
import { checkedStorage, type ObservabilityConfig, observersOf, readConfig } from './config.ts'
import { CompilationError, InvalidStageError, StepFailedError } from './errors.ts'
import { runLocally } from './local-run.ts'

/** Parts that may be replaced. */
export interface ETLRunnerParts {
  /** Where things lie. Default: below `.loom` of the working folder. */
  storage?: StorageSpec
  /** Reads sources instead of the built-in reader; it may leave any source to it. */
  reader?: SourceReader
  /** Writes targets instead of the built-in writer; it may leave any target to it. */
  writer?: TargetWriter
  /** Told of start, end and error of pipeline, processes and steps. */
  observability?: readonly Observer[]
  /** Starts the members of parallel groups. */
  dispatcher?: Dispatcher
  /** Keeps intermediate results; made anew for each run. */
  checkpointStore?: (ids: { runId: string; correlationId: string | null }) => RunTemps
  /** Deletes folders of intermediate results. */
  cleaner?: Cleaner
  /** Folder that relative paths start from. Default: the working folder. */
  folder?: string
}

export interface ETLRunnerExtras {
  dispatcher?: Dispatcher
  cleaner?: Cleaner
  extraObservers?: readonly Observer[]
  /** Not yet: see fromSpark. */
  spark?: unknown
}

export interface RunOptions {
  /** Only these steps or processes. */
  include?: readonly string[]
  /** Business id, stable over retries. */
  correlationId?: string
  /** Default: a UUID. A run id that is used again resumes. */
  runId?: string
  /** 1-based. Default 1. */
  attempt?: number
  /** No further attempt follows. Default true. */
  lastAttempt?: boolean
  /** Steps at the same time. Default: the number of CPUs. */
  parallel?: number
  signal?: AbortSignal
}

export class ETLRunner {
  readonly #parts: ETLRunnerParts

  constructor(parts: ETLRunnerParts = {}) {
    this.#parts = parts
  }

  /** From a storage that is checked first. @throws CompilationError */
  static async fromConfig(
    storage: StorageSpec,
    observability?: ObservabilityConfig,
    extras: ETLRunnerExtras = {},
  ): Promise<ETLRunner> {
    if (extras.spark !== undefined) throw sparkComesLater()
    return new ETLRunner({
      storage: checkedStorage(storage),
      observability: [...(await observersOf(observability)), ...(extras.extraObservers ?? [])],
      ...(extras.dispatcher === undefined ? {} : { dispatcher: extras.dispatcher }),
      ...(extras.cleaner === undefined ? {} : { cleaner: extras.cleaner }),
    })
  }

  /** From a YAML file with `storage` and, if wanted, `observability`; or an ETLStorage document. @throws Fault, CompilationError */
  static async fromYaml(source: string | URL, extras: ETLRunnerExtras = {}): Promise<ETLRunner> {
    const { storage, observability } = await readConfig(source)
    return await ETLRunner.fromConfig(storage, observability, extras)
  }

  /** From plain objects; unknown fields and wrong types are refused, nothing is converted. @throws CompilationError */
  static async fromDict(
    storage: Record<string, unknown>,
    observability?: ObservabilityConfig,
    extras: ETLRunnerExtras = {},
  ): Promise<ETLRunner> {
    return await ETLRunner.fromConfig(storage as StorageSpec, observability, extras)
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
   * Runs a pipeline.
   * @param pipeline a parsed manifest, or what the builder returns
   * @param params values by name
   * @returns the report of a run in which every step succeeded
   * @throws InvalidStageError, CompilationError before anything is run; StepFailedError with the report
   */
  async run(
    pipeline: PipelineDocument,
    params: Record<string, unknown> = {},
    options: RunOptions = {},
  ): Promise<RunReport> {
    const { plan, binding } = this.#compiled(pipeline, params, options)
    const run = {
      runId: options.runId ?? randomUUID(),
      correlationId: options.correlationId ?? null,
      attempt: options.attempt ?? 1,
      lastAttempt: options.lastAttempt ?? true,
    }
    const { reader, writer, dispatcher, cleaner, checkpointStore, observability: observers = [] } = this.#parts
    const report = await runLocally({
      plan,
      binding,
      run,
      observers,
      ...(options.parallel === undefined ? {} : { parallel: options.parallel }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(reader === undefined ? {} : { reader }),
      ...(writer === undefined ? {} : { writer }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
      ...(cleaner === undefined ? {} : { cleaner }),
      ...(checkpointStore === undefined ? {} : { temps: checkpointStore(run) }),
    })
    if (report.state !== 'Succeeded') throw new StepFailedError(report)
    return report
  }

  /** Waits for what observers have in hand; all are flushed, then the first failure is thrown. */
  async flush(): Promise<void> {
    const settled = await Promise.allSettled(
      (this.#parts.observability ?? []).map(async (observer) => await observer.flush?.()),
    )
    for (const result of settled) if (result.status === 'rejected') throw result.reason
  }

  /** Removes the intermediate results that are kept for a correlation id. @throws Fault invalid InvalidId */
  async cleanupCorrelation(correlationId: string): Promise<void> {
    const { checkpointStore, cleaner = folderCleaner } = this.#parts
    if (checkpointStore !== undefined)
      return await checkpointStore({ runId: 'cleanup', correlationId }).cleanCorrelation()
    await cleaner.deleteTree(correlationFolder(this.#tempRoot(), correlationId))
  }

  #tempRoot(): string {
    const folder = this.#parts.folder ?? process.cwd()
    return tempRootOf(this.#parts.storage ?? {}, { workingFolder: folder, manifestFolder: folder })
  }

  #compiled(
    pipeline: PipelineDocument,
    params: Record<string, unknown>,
    { include, correlationId }: RunOptions,
  ): { plan: Plan; binding: StorageBinding } {
    if (typeof include === 'string')
      throw new InvalidStageError([
        {
          code: 'InvalidStage',
          severity: 'error',
          path: 'include',
          message: `include is the text "${include}"`,
          hint: 'give a list of names',
        },
      ])
    const folder = this.#parts.folder ?? process.cwd()
    const result = compile({
      pipeline: { name: pipeline.metadata.name ?? 'pipeline', spec: pipeline.spec },
      ...(this.#parts.storage === undefined ? {} : { storage: this.#parts.storage }),
      run: {
        params: params as never,
        ...(include === undefined ? {} : { include: [...include] }),
        ...(correlationId === undefined ? {} : { correlationId }),
      },
      facts: { workingFolder: folder, manifestFolder: folder },
    })
    if (result.ok) return result
    const stage = result.problems.some(({ code }) => code === 'InvalidStage' || code === 'EmptyInclude')
    throw stage ? new InvalidStageError(result.problems) : new CompilationError(result.problems)
  }
}

function sparkComesLater(): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'NotSupported',
    message:
      'cannot make a runner on Spark: Spark comes in a later version; use ETLRunner.fromYaml or fromConfig, which run on DuckDB',
  })
}
