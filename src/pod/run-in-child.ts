// Runs a step in a child process, so that an engine that dies takes neither the outcome nor the agent with it.
//
// C1 There is always an outcome: the child's own, or one that tells how the child ended.
// C2 A child that does not do as it is told, or does not notice that its time is over, is killed.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { showDuration } from '../base/index.ts'
import type { OutcomeError, StepOutcome } from '../plan/index.ts'
import type { FromChild, StepOrder, ToChild } from './child.ts'

/** The engine's queries hold threads of libuv's pool; the rest of the process needs some too. */
const THREAD_POOL = '16'
/** How long a child may take to stop before it is killed: it gives a stuck engine ten seconds; a pod, us thirty. */
const STOP_MS = 15_000
/** How much longer than its step's timeout a child may take: it keeps the timeout itself, and lets go of a stuck engine. */
const OVERTIME_MS = 15_000
/** Timers hold no more than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export type LogLine = (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void

interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

export async function runInChild(order: StepOrder, signal: AbortSignal, log: LogLine): Promise<StepOutcome> {
  const startedAt = Date.now()
  const path = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url))
  const child = fork(path, { env: { ...process.env, UV_THREADPOOL_SIZE: THREAD_POOL }, serialization: 'advanced' })
  let outcome: StepOutcome | undefined
  let killed: OutcomeError | undefined
  child.on('message', (message: FromChild) => {
    if (message.kind === 'outcome') outcome = message.outcome
    else log(message.level, message.message, message.fields)
  })
  const killAfter = (ms: number, why: OutcomeError) =>
    setTimeout(
      () => {
        killed ??= why
        child.kill('SIGKILL')
      },
      Math.min(ms, LONGEST_TIMER_MS),
    )
  const timers: NodeJS.Timeout[] = []
  const stop = () => {
    if (child.connected) child.send({ kind: 'stop' } satisfies ToChild)
    timers.push(killAfter(STOP_MS, INTERRUPTED))
  }
  signal.addEventListener('abort', stop)
  const { timeoutMs, process: owner, name } = order.step
  if (timeoutMs !== null) timers.push(killAfter(timeoutMs + OVERTIME_MS, timedOut(timeoutMs)))
  child.send({ kind: 'run', order } satisfies ToChild)
  // Told to stop before there was a child to tell.
  if (signal.aborted) stop()
  const ended = await endOf(child)
  for (const timer of timers) clearTimeout(timer)
  signal.removeEventListener('abort', stop)
  if (outcome !== undefined) return outcome
  const error = killed ?? crashed(ended)
  const state = signal.aborted && error.code !== 'TimedOut' ? 'Cancelled' : 'Failed'
  return { process: owner, step: name, state, durationMs: Date.now() - startedAt, error }
}

function endOf(child: ReturnType<typeof fork>): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: -1, signal: null }))
  })
}

const INTERRUPTED: OutcomeError = {
  kind: 'transient',
  code: 'Interrupted',
  message: 'the step was told to stop, did not, and was killed',
}

const timedOut = (timeoutMs: number): OutcomeError => ({
  kind: 'transient',
  code: 'TimedOut',
  message: `the step did not end within its timeout of ${showDuration(timeoutMs)}, nor when it was told to, and was killed; raise the step's timeout, or give it less to do`,
})

/** The kernel kills with SIGKILL when memory runs out; anything else is the engine's own fall. */
function crashed({ code, signal }: Ending): OutcomeError {
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
    message: `the engine's process ended with ${how} before the step was done; if a higher memory limit does not help, please report it`,
  }
}
