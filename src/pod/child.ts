// The engine's process: gets steps from its parent, one at a time, runs them, and tells the outcomes. If the engine takes it
// down, the parent still lives to tell.
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createDuckDbEngine, type DuckDbEngine } from '../engine/index.ts'
import { storesOf } from '../formats/index.ts'
import type { StepOutcome, StepTask } from '../plan/index.ts'
import { openTemps, runStep } from '../runner/index.ts'
import type { Company } from '../step/index.ts'
import { CommitLeave } from './commit-leave.ts'
import { monotonic } from './monotonic.ts'

export interface EngineSettings {
  memoryLimit?: string
  /** How many steps will come, at most. */
  steps: number
  /** Absolute folder for what the steps share; made when it is not there. Absent: only one step will come. */
  sharedFolder?: string
}

/** From the parent. `mayCommit`: as long as the monotonic clock is before that; only leased steps need it. */
export type ToChild =
  | { kind: 'warmUp'; settings: EngineSettings }
  | { kind: 'run'; order: StepOrder }
  | { kind: 'mayCommit'; until: number }
  | { kind: 'stop' }

export interface StepOrder {
  task: StepTask
  /** Scratch folder; made when it is not there. */
  workFolder: string
  /** It may commit only while its lease lasts. */
  leased: boolean
}

/** To the parent. `memoryBytes`: what the process holds now. */
export type FromChild =
  | { kind: 'warm' }
  | { kind: 'log'; level: 'info' | 'warn'; message: string; fields?: Record<string, unknown> }
  | { kind: 'outcome'; outcome: StepOutcome; memoryBytes: number }

let engine: DuckDbEngine | undefined
let company: Company | undefined
let running: { stop: AbortController; leave: CommitLeave } | undefined

const send = (message: FromChild) => process.send?.(message)

process.on('message', (message: ToChild) => {
  switch (message.kind) {
    case 'warmUp':
      warmUp(message.settings)
      send({ kind: 'warm' })
      return
    case 'run':
      void run(message.order)
      return
    case 'mayCommit':
      running?.leave.extend(message.until)
      return
    case 'stop':
      running?.stop.abort()
      return
    default:
      message satisfies never
  }
})
// Signals go to the whole group; what they mean is the parent's to decide.
process.on('SIGTERM', () => {})
process.on('SIGINT', () => {})
// The parent is gone. An orderly exit would wait for the engine's query, for as long as that takes.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

function warmUp(settings: EngineSettings): void {
  const { sharedFolder } = settings
  engine = createEngine(settings)
  if (sharedFolder === undefined) return
  mkdirSync(sharedFolder, { recursive: true })
  company = { workFolder: sharedFolder }
}

function createEngine({ memoryLimit, steps }: EngineSettings): DuckDbEngine {
  const extensionsFolder = process.env['LOOM_EXTENSIONS']
  return createDuckDbEngine({
    steps,
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(extensionsFolder === undefined ? {} : { extensionsFolder }),
  })
}

async function run({ task, workFolder, leased }: StepOrder): Promise<void> {
  const { plan, binding, step, run: identity } = task
  const stop = new AbortController()
  const leave = new CommitLeave()
  running = { stop, leave }
  engine ??= createEngine({ steps: 1 })
  const openStore = storesOf(binding)
  const outcome = await runStep(step, engine, {
    info: {
      ...identity,
      pipeline: plan.pipeline,
      planHash: plan.hash,
      process: step.process,
      step: step.name,
      processRunId: randomUUID(),
      stepRunId: randomUUID(),
      params: plan.params,
    },
    storage: binding,
    openStore,
    temps: openTemps({
      openStore,
      root: binding.tempRoot,
      runId: identity.uid ?? identity.runId,
      correlationId: identity.correlationId,
    }),
    signal: stop.signal,
    ...(company === undefined ? {} : { company }),
    ...(leased ? { assertMayCommit: () => leave.granted(monotonic, stop.signal) } : {}),
    now: Date.now,
    newId: randomUUID,
    log: { info: logger('info'), warn: logger('warn') },
    onProgress: () => {},
    workRoot: workFolder,
  })
  running = undefined
  send({ kind: 'outcome', outcome, memoryBytes: process.memoryUsage.rss() })
}

function logger(level: 'info' | 'warn') {
  return (message: string, fields?: Record<string, unknown>): void => {
    send({ kind: 'log', level, message, ...(fields === undefined ? {} : { fields }) })
  }
}
