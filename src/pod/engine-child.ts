// The parent's side of the engine's process (child.ts): starts it, has it run steps one after another, and tells how a step
// ended even when the process does not live to say it.
//
// C1 There is always an outcome: the child's own, or one that tells how the child ended.
// C2 A child that does not do as it is told, or does not notice that its time is over, is killed.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { OutcomeError, StepOutcome } from '../plan/index.ts'
import type { EngineSettings, FromChild, StepOrder, ToChild } from './child.ts'
import { crashed, type Ending, INTERRUPTED, timedOut } from './child-ends.ts'

/** The engine's queries hold threads of libuv's pool; the rest of the process needs some too. */
const THREAD_POOL = '16'
/** How much longer than its step's timeout a child may take: it keeps the timeout itself, and lets go of a stuck engine. */
const OVERTIME_MS = 15_000
/** Timers hold no more than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export type LogLine = (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void

interface Running {
  order: StepOrder
  startedAt: number
  resolve: (outcome: StepOutcome) => void
  timers: NodeJS.Timeout[]
  /** Why we have killed it. */
  killed?: OutcomeError
}

export class EngineChild {
  /** False: it ended before it was warm. */
  readonly warm: Promise<boolean>
  readonly ended: Promise<Ending>
  isWarm = false
  /** Steps that it was given so far. */
  steps = 0
  /** What it held after its last step. */
  memoryBytes = 0
  /** Some step was stopped: what is left of it may still be at work in there. */
  wasStopped = false
  isAlive = true
  readonly #child: ChildProcess
  readonly #log: LogLine
  #running: Running | undefined

  constructor(settings: EngineSettings, log: LogLine) {
    this.#log = log
    const path = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url))
    this.#child = fork(path, { env: { ...process.env, UV_THREADPOOL_SIZE: THREAD_POOL }, serialization: 'advanced' })
    const warm = Promise.withResolvers<boolean>()
    this.warm = warm.promise
    this.#child.on('message', (message: FromChild) => {
      if (message.kind === 'warm') {
        this.isWarm = true
        warm.resolve(true)
      } else this.#hear(message)
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }))
      this.#child.once('error', () => resolve({ code: -1, signal: null }))
    })
    void this.ended.then((ending) => {
      this.isAlive = false
      warm.resolve(false)
      this.#died(ending)
    })
    this.#send({ kind: 'warmUp', settings })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** One at a time. Never throws: what goes wrong is the outcome. */
  run(order: StepOrder): Promise<StepOutcome> {
    this.steps++
    const { promise, resolve } = Promise.withResolvers<StepOutcome>()
    this.#running = { order, startedAt: Date.now(), resolve, timers: [] }
    const { timeoutMs } = order.task.step
    if (timeoutMs !== null) this.#killAfter(timeoutMs + OVERTIME_MS, timedOut(timeoutMs))
    if (this.isAlive) this.#send({ kind: 'run', order })
    else void this.ended.then((ending) => this.#died(ending))
    return promise
  }

  /** @param until on the machine's monotonic clock */
  allowCommit(until: number): void {
    this.#send({ kind: 'mayCommit', until })
  }

  /** Asks the running step to stop; what does not stop in time is killed. */
  stop(graceMs: number): void {
    this.wasStopped = true
    this.#send({ kind: 'stop' })
    this.#killAfter(graceMs, INTERRUPTED)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #hear(message: Exclude<FromChild, { kind: 'warm' }>): void {
    if (message.kind === 'log') {
      this.#log(message.level, message.message, message.fields)
      return
    }
    this.memoryBytes = message.memoryBytes
    this.#end(message.outcome)
  }

  #died(ending: Ending): void {
    if (this.#running === undefined) return
    const { order, startedAt, killed } = this.#running
    const { process: owner, name } = order.task.step
    const error = killed ?? crashed(ending)
    const state = this.wasStopped && error.code !== 'TimedOut' ? 'Cancelled' : 'Failed'
    this.#end({ process: owner, step: name, state, durationMs: Date.now() - startedAt, error })
  }

  #end(outcome: StepOutcome): void {
    const running = this.#running
    this.#running = undefined
    for (const timer of running?.timers ?? []) clearTimeout(timer)
    running?.resolve(outcome)
  }

  /** The running step's process. */
  #killAfter(ms: number, why: OutcomeError): void {
    const running = this.#running
    running?.timers.push(
      setTimeout(
        () => {
          running.killed ??= why
          this.kill()
        },
        Math.min(ms, LONGEST_TIMER_MS),
      ),
    )
  }

  #send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => {}) // a child that has gone is told of by its exit
  }
}
