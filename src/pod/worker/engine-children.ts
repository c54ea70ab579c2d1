// A warm engine process, and the next one before it is needed. A process is replaced
// E1 after a fault of its own, and after a step that was stopped or took too long: what is left of it may still be at work;
// E2 after a number of steps, or when it has grown: the next one is started while the last step runs;
// E3 before a step of another run, once it has run code: modules keep their state, and what they import is never read again.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { OutcomeError, StepOutcome } from '../../plan/index.ts'
import type { EngineSettings, StepOrder } from '../child.ts'
import { EngineChild, type LogLine } from '../engine-child.ts'
import { engineMemory } from '../memory.ts'

export interface EngineChildrenOptions {
  /** Bytes that the container may use. */
  memoryBytes: number | undefined
  stepsPerChild: number
  /** Absolute folder in which each process gets one of its own. */
  workFolder: string
  log: LogLine
  /** A process stands ready for a step, or is gone. */
  onReady: (isReady: boolean) => void
  /** None can be started. */
  onBroken: () => void
}

/** Of the container's memory. */
const LARGEST_SHARE = 0.7
const MOST_FAILED_STARTS = 3
const RESTART_MS = 500

export class EngineChildren {
  readonly #options: EngineChildrenOptions
  readonly #settings: EngineSettings
  #current: EngineChild
  #next: EngineChild | undefined
  #starts = 0
  /** Processes that are not gone yet, each with its folder. */
  readonly #pending = new Set<Promise<unknown>>()
  #failedStarts = 0
  #isRunning = false
  #isClosed = false
  /** The run whose code the current process has run. */
  #codeOf: string | undefined
  /** Of the running step. */
  #stopGraceMs: number | undefined
  #mayCommitUntil: number | undefined

  constructor(options: EngineChildrenOptions) {
    this.#options = options
    this.#settings = { steps: options.stepsPerChild, ...engineMemory(options.memoryBytes) }
    this.#current = this.#start()
    this.#watch(this.#current)
  }

  get pid(): number | undefined {
    return this.#current.pid
  }

  /** One at a time. Never throws: what goes wrong is the outcome. */
  async run(order: StepOrder): Promise<StepOutcome> {
    const { run, step } = order.task
    const runOf = run.uid ?? run.runId
    this.#isRunning = true
    this.#stopGraceMs = undefined
    this.#mayCommitUntil = undefined
    if (this.#codeOf !== undefined && this.#codeOf !== runOf) this.#replace()
    const child = this.#current
    if (!child.isWarm) await child.warm
    if (step.body.kind === 'code') this.#codeOf = runOf
    const outcome = await this.#runIn(child, order)
    this.#isRunning = false
    if (this.#isWornOut(child, outcome)) this.#replace()
    return outcome
  }

  /** @param until on the machine's monotonic clock */
  allowCommit(until: number): void {
    this.#mayCommitUntil = until
    this.#current.allowCommit(until)
  }

  /** Asks the running step to stop; a process that does not in time is killed. */
  stop(graceMs: number): void {
    this.#stopGraceMs = graceMs
    this.#current.stop(graceMs)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const children = [this.#current, ...(this.#next === undefined ? [] : [this.#next])]
    for (const child of children) child.kill()
    await Promise.all(this.#pending)
  }

  async #runIn(child: EngineChild, order: StepOrder): Promise<StepOutcome> {
    const { process: owner, name } = order.task.step
    if (this.#stopGraceMs !== undefined)
      return { process: owner, step: name, state: 'Cancelled', durationMs: 0, error: notStarted(name) }
    const outcome = child.run(order)
    if (this.#mayCommitUntil !== undefined) child.allowCommit(this.#mayCommitUntil)
    if (child.steps >= this.#options.stepsPerChild) this.#next ??= this.#start()
    return await outcome
  }

  #isWornOut(child: EngineChild, { error }: StepOutcome): boolean {
    const { stepsPerChild, memoryBytes = Number.POSITIVE_INFINITY } = this.#options
    if (!child.isAlive || child.wasStopped || error?.code === 'TimedOut') return true
    return child.steps >= stepsPerChild || child.memoryBytes > memoryBytes * LARGEST_SHARE
  }

  #start(): EngineChild {
    const sharedFolder = join(this.#options.workFolder, `engine-${++this.#starts}`)
    const child = new EngineChild({ ...this.#settings, sharedFolder }, this.#options.log)
    const removed = child.ended.then(() => rm(sharedFolder, { recursive: true, force: true }).catch(() => undefined))
    this.#pending.add(removed)
    void removed.then(() => this.#pending.delete(removed))
    return child
  }

  #replace(): void {
    this.#current.kill()
    this.#current = this.#next?.isAlive === true ? this.#next : this.#start()
    this.#next = undefined
    this.#codeOf = undefined
    this.#options.onReady(this.#current.isWarm)
    this.#watch(this.#current)
  }

  #watch(child: EngineChild): void {
    void child.warm.then((isWarm) => {
      if (!isWarm || child !== this.#current) return
      this.#failedStarts = 0
      this.#options.onReady(true)
    })
    void child.ended.then(() => this.#ended(child))
  }

  /** What has ended while a step ran is replaced after that. */
  #ended(child: EngineChild): void {
    const { log, onBroken, onReady } = this.#options
    if (child !== this.#current || this.#isClosed) return
    onReady(false)
    if (!child.isWarm) this.#failedStarts++
    if (this.#failedStarts >= MOST_FAILED_STARTS) onBroken()
    else if (!this.#isRunning) {
      log('warn', "the engine's process has ended; another one is started", {})
      const pauseMs = this.#failedStarts * RESTART_MS
      setTimeout(() => {
        if (child === this.#current && !this.#isRunning && !this.#isClosed) this.#replace()
      }, pauseMs).unref()
    }
  }
}

const notStarted = (name: string): OutcomeError => ({
  kind: 'transient',
  code: 'Interrupted',
  message: `cannot run step "${name}": it was stopped before it began`,
})
