// One attempt of a plan in this process, with the real engine, on local folders. The CLI and ETLRunner both run through it.
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Observer } from '../observability/index.ts'
import { type Plan, type RunIdentity, type RunReport, type StorageBinding, stepsOf } from '../plan/index.ts'
import {
  type Cleaner,
  type Dispatcher,
  type ExecuteRunInput,
  executeRun,
  type RunTemps,
  type RunWatcher,
} from '../runner/index.ts'
import type { Engine, SourceReader, StepLog, TargetWriter } from '../step/index.ts'
import { given } from './given.ts'

/** What one step may use. */
export interface EngineSettings {
  /** Memory of one step, `2GB`. Default: 55 % of the machine's, shared by the parallel steps. */
  memoryLimit?: string
  /** Threads of one step. Default: the number of CPUs. */
  threads?: number
  /** Folder of engine extensions. */
  extensionsFolder?: string
}

export interface LocalRunOptions extends EngineSettings, Pick<ExecuteRunInput, 'keepRunTemps'> {
  plan: Plan
  binding: StorageBinding
  run: RunIdentity
  /** Steps at the same time. Default: the number of CPUs. */
  parallel?: number
  /** Runs the steps instead of an engine in this process; whoever gave it closes it. */
  engine?: Engine
  signal?: AbortSignal
  observers?: readonly Observer[]
  watcher?: RunWatcher
  log?: StepLog
  dispatcher?: Dispatcher
  cleaner?: Cleaner
  temps?: RunTemps
  reader?: SourceReader
  writer?: TargetWriter
}

const SILENT: StepLog = { info: () => {}, warn: () => {} }

/**
 * Runs the plan once. Failures of steps are in the report.
 * @throws Fault invalid RunIdReused, conflict RunInProgress and what else claimRun throws; then nothing has been run
 */
export async function runLocally(options: LocalRunOptions): Promise<RunReport> {
  const { plan, binding, run, parallel = availableParallelism(), log = SILENT } = options
  const { observers, watcher, dispatcher, cleaner, temps, reader, writer, keepRunTemps } = options
  const engine = options.engine ?? (await localEngine(options, parallel))
  try {
    return await executeRun({
      plan,
      binding,
      run,
      engine,
      parallel,
      signal: options.signal ?? new AbortController().signal,
      now: Date.now,
      newId: randomUUID,
      log,
      ...given({ observers, watcher, dispatcher, cleaner, temps, reader, writer, keepRunTemps }),
    })
  } finally {
    if (options.engine === undefined) await engine.close()
  }
}

/** What only imports the library does not load the engine. */
async function localEngine(
  { plan, memoryLimit, threads, extensionsFolder }: LocalRunOptions,
  parallel: number,
): Promise<Engine> {
  const { createDuckDbEngine } = await import('../engine/index.ts')
  return createDuckDbEngine({
    parallel,
    steps: stepsOf(plan).length,
    ...given({ memoryLimit, threads, extensionsFolder }),
  })
}
