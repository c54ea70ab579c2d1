// What runs in a step's pod: reads the plan, has a child run the step, and writes the outcome where Kubernetes finds it.
//
// S1 The termination message is always a whole outcome: it is written once, at the end, however the step ended.
// S2 The exit code is 0 exactly when the step succeeded.
import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { asFault } from '../base/index.ts'
import { encodeOutcome, outcomeError, type StepOutcome, taskOf } from '../plan/index.ts'
import type { LogLine } from './engine-child.ts'
import { engineMemory } from './memory.ts'
import { readPlan, stepIn } from './read-plan.ts'
import { runInChild } from './run-in-child.ts'

export interface StepAgentOptions {
  planFolder: string
  workFolder: string
  process: string
  step: string
  attempt: number
  try: number
  runId: string
  runUid: string
  correlationId: string | null
  lastAttempt: boolean
  /** File of the termination message. */
  terminationLog: string
  /** Bytes that the container may use. */
  memoryBytes: number | undefined
  signal: AbortSignal
  log: LogLine
}

/** @returns the exit code */
export async function runStepAgent(options: StepAgentOptions): Promise<number> {
  const log = withIds(options)
  log('info', 'step starts')
  const outcome = await outcomeOf(options)
  const { write, error, durationMs, state } = outcome
  log(error === undefined ? 'info' : 'warn', error?.message ?? 'step ended', {
    state,
    durationMs,
    rows: write?.rows,
    code: error?.code,
  })
  const address = { runUid: options.runUid, attempt: options.attempt, try: options.try }
  writeFileSync(options.terminationLog, encodeOutcome(address, outcome))
  return state === 'Succeeded' ? 0 : 1
}

/** Every line of a step tells whose it is; what the step says of itself can't take the place of that. */
function withIds(options: StepAgentOptions): LogLine {
  const ids = idsOf(options)
  return (level, message, fields) => options.log(level, message, { ...fields, ...ids })
}

const idsOf = ({ process, step, attempt, try: number, runId, runUid, correlationId }: StepAgentOptions) => ({
  process,
  step,
  attempt,
  try: number,
  runId,
  runUid,
  correlationId,
})

async function outcomeOf(options: StepAgentOptions): Promise<StepOutcome> {
  const {
    planFolder,
    workFolder,
    process,
    step: name,
    attempt,
    lastAttempt,
    runId,
    correlationId,
    memoryBytes,
    signal,
  } = options
  try {
    const { plan, binding } = await readPlan(planFolder)
    const step = stepIn(plan, process, name)
    await mkdir(workFolder, { recursive: true })
    const run = { runId, uid: options.runUid, correlationId, attempt, lastAttempt }
    const task = taskOf(step, { plan, binding, run })
    return await runInChild({ task, workFolder, ...engineMemory(memoryBytes) }, signal, withIds(options))
  } catch (thrown) {
    return { process, step: name, state: 'Failed', durationMs: 0, error: outcomeError(asFault(thrown)) }
  }
}
