// The engine's process: gets one step from its parent, runs it, tells the outcome, ends. If the engine takes it down, the
// parent still lives to tell.
import { randomUUID } from 'node:crypto'
import { createDuckDbEngine } from '../engine/index.ts'
import { storesOf } from '../formats/index.ts'
import type { Plan, RunIdentity, StepOutcome, StepPlan, StorageBinding } from '../plan/index.ts'
import { openTemps, runStep } from '../runner/index.ts'

/** From the parent. */
export type ToChild = { kind: 'run'; order: StepOrder } | { kind: 'stop' }

export interface StepOrder {
  plan: Pick<Plan, 'pipeline' | 'hash' | 'params'>
  binding: StorageBinding
  step: StepPlan
  run: RunIdentity
  workFolder: string
  memoryLimit?: string
}

/** To the parent. */
export type FromChild =
  | { kind: 'log'; level: 'info' | 'warn'; message: string; fields?: Record<string, unknown> }
  | { kind: 'outcome'; outcome: StepOutcome }

const stop = new AbortController()
const send = (message: FromChild) => process.send?.(message)

process.on('message', (message: ToChild) => {
  if (message.kind === 'stop') stop.abort()
  else void run(message.order)
})
// Signals go to the whole group; what they mean is the parent's to decide.
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(1))

async function run({ plan, binding, step, run: identity, workFolder, memoryLimit }: StepOrder): Promise<void> {
  const engine = createDuckDbEngine({ ...(memoryLimit === undefined ? {} : { memoryLimit }) })
  const processRunId = randomUUID()
  const openStore = storesOf(binding)
  const outcome = await runStep(step, engine, {
    info: {
      ...identity,
      pipeline: plan.pipeline,
      planHash: plan.hash,
      process: step.process,
      step: step.name,
      processRunId,
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
    now: Date.now,
    newId: randomUUID,
    log: {
      info: (message, fields) =>
        send({ kind: 'log', level: 'info', message, ...(fields === undefined ? {} : { fields }) }),
      warn: (message, fields) =>
        send({ kind: 'log', level: 'warn', message, ...(fields === undefined ? {} : { fields }) }),
    },
    onProgress: () => {},
    workRoot: workFolder,
  })
  await engine.close()
  process.send?.({ kind: 'outcome', outcome } satisfies FromChild, () => process.disconnect())
}
