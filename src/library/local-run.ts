// One attempt of a plan in this process, with the real engine, on local folders. The CLI and ETLRunner both run through it.
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createDuckDbEngine } from '../engine/index.ts'
import { openFileStore } from '../formats/index.ts'
import type { Observer } from '../observability/index.ts'
import type { Plan, RunIdentity, RunReport, StorageBinding } from '../plan/index.ts'
import {
  type Cleaner,
  claimRun,
  type Dispatcher,
  FolderTemps,
  type RunTemps,
  type RunWatcher,
  runPlan,
} from '../runner/index.ts'
import type { SourceReader, StepLog, TargetWriter } from '../step/index.ts'

export interface LocalRunOptions {
  plan: Plan
  binding: StorageBinding
  run: RunIdentity
  /** Steps at the same time. Default: the number of CPUs. */
  parallel?: number
  /** Memory of one step, `2GB`. Default: 55 % of the machine's, shared by the parallel steps. */
  memoryLimit?: string
  /** Threads of one step. Default: the number of CPUs. */
  threads?: number
  /** Folder of engine extensions. */
  extensionsFolder?: string
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
 * @throws Fault invalid RunIdReused, conflict RunInProgress
 */
export async function runLocally(options: LocalRunOptions): Promise<RunReport> {
  const { plan, binding, run, parallel = availableParallelism(), log = SILENT } = options
  const release = await claimRun({ tempRoot: binding.tempRoot, runId: run.runId, planHash: plan.hash, now: Date.now() })
  const engine = createDuckDbEngine({
    parallel,
    ...(options.memoryLimit === undefined ? {} : { memoryLimit: options.memoryLimit }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.extensionsFolder === undefined ? {} : { extensionsFolder: options.extensionsFolder }),
  })
  const { tempRoot: root } = binding
  const temps =
    options.temps ??
    new FolderTemps({
      root,
      runId: run.runId,
      correlationId: run.correlationId,
      ...(options.cleaner === undefined ? {} : { cleaner: options.cleaner }),
    })
  try {
    return await runPlan({
      plan,
      binding,
      run,
      engine,
      temps,
      openStore: openFileStore,
      parallel,
      workRoot: join(root, 'work'),
      signal: options.signal ?? new AbortController().signal,
      now: Date.now,
      newId: randomUUID,
      log,
      ...(options.observers === undefined ? {} : { observers: options.observers }),
      ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
      ...(options.watcher === undefined ? {} : { watcher: options.watcher }),
      ...(options.reader === undefined ? {} : { reader: options.reader }),
      ...(options.writer === undefined ? {} : { writer: options.writer }),
    })
  } finally {
    await engine.close()
    await release()
  }
}
