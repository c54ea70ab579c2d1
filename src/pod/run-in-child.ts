// Runs a step in a child process, so that an engine that dies takes neither the outcome nor the agent with it.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { OutcomeError, StepOutcome } from '../plan/index.ts'
import type { FromChild, StepOrder, ToChild } from './child.ts'

/** The engine's queries hold threads of libuv's pool; the rest of the process needs some too. */
const THREAD_POOL = '16'
/** How long a child may take to stop before it is killed. */
const STOP_MS = 20_000

export type LogLine = (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void

export async function runInChild(order: StepOrder, signal: AbortSignal, log: LogLine): Promise<StepOutcome> {
  const startedAt = Date.now()
  const path = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url))
  const child = fork(path, { env: { ...process.env, UV_THREADPOOL_SIZE: THREAD_POOL }, serialization: 'advanced' })
  let outcome: StepOutcome | undefined
  child.on('message', (message: FromChild) => {
    if (message.kind === 'outcome') outcome = message.outcome
    else log(message.level, message.message, message.fields)
  })
  const stop = () => {
    if (child.connected) child.send({ kind: 'stop' } satisfies ToChild)
    setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref()
  }
  signal.addEventListener('abort', stop)
  child.send({ kind: 'run', order } satisfies ToChild)
  // Told to stop before there was a child to tell.
  if (signal.aborted) stop()
  const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, killedBy) => resolve({ code, signal: killedBy }))
    child.once('error', () => resolve({ code: -1, signal: null }))
  })
  signal.removeEventListener('abort', stop)
  if (outcome !== undefined) return outcome
  const { process: owner, name } = order.step
  const state = signal.aborted ? 'Cancelled' : 'Failed'
  return { process: owner, step: name, state, durationMs: Date.now() - startedAt, error: crashed(ended) }
}

/** The kernel kills with SIGKILL when memory runs out; anything else is the engine's own fall. */
function crashed({ code, signal }: { code: number | null; signal: NodeJS.Signals | null }): OutcomeError {
  if (signal === 'SIGKILL')
    return {
      kind: 'transient',
      code: 'OutOfMemory',
      message: "the engine's process was killed, most likely because memory ran out; raise the step's memory limit",
    }
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  return {
    kind: 'transient',
    code: 'EngineCrashed',
    message: `the engine's process ended with ${how} before the step was done`,
  }
}
