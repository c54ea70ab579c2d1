// A worker: asks for steps over the broker, runs each in a warm engine process, tells what became of it. What to do when is
// decided by its state (worker-state.ts); here it is done. It never tries a step again by itself: only the operator does.
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asFault } from '../../base/index.ts'
import {
  type Broker,
  decode,
  everyWorkerSubject,
  noticeSchema,
  type PoolAddress,
  seldom,
  workerSubject,
} from '../../dispatch/index.ts'
import type { LogLine } from '../engine-child.ts'
import { monotonic } from '../monotonic.ts'
import { EngineChildren } from './engine-children.ts'
import { OperatorLine } from './operator-line.ts'
import { endFields, startFields } from './step-fields.ts'
import { emptyFolder } from './work-folder.ts'
import type { WorkerAct } from './worker-act.ts'
import { WorkerState } from './worker-state.ts'

export interface WorkerOptions {
  broker: Broker
  address: PoolAddress
  /** One word; no other worker of the pool has it. */
  name: string
  /** The worker's own folder in there is emptied. */
  workFolder: string
  /** Bytes that the container may use. */
  memoryBytes: number | undefined
  stepsPerChild: number
  /** As long as the operator holds a request for work. */
  holdMs: number
  /** How long the running step may still take after `drain`. */
  drainMs: number
  log: LogLine
}

/** A step that is told to stop gets so long; its own runner gives it a little less. */
const STOP_GRACE_MS = 12_000
/** The same when the worker itself is about to be killed. */
const LAST_GRACE_MS = 3_000
/** After that, what is not settled stays untold. */
const LAST_WORDS_MS = 5_000

type Act<Kind extends WorkerAct['kind']> = Extract<WorkerAct, { kind: Kind }>

export class Worker {
  readonly #options: WorkerOptions
  readonly #state: WorkerState
  readonly #engines: EngineChildren
  readonly #folder: string
  readonly #ended = Promise.withResolvers<number>()
  readonly #warn: (message: string) => void
  readonly #line: OperatorLine
  /** What the end waits for. */
  readonly #pending = new Set<Promise<unknown>>()
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #unlisten = () => {}

  private constructor(options: WorkerOptions) {
    const { broker, address, holdMs, name, log, memoryBytes, stepsPerChild, workFolder } = options
    this.#options = options
    this.#folder = join(workFolder, name)
    this.#state = new WorkerState({ worker: name, random: Math.random })
    this.#warn = seldom((message) => log('warn', message), monotonic)
    this.#line = new OperatorLine({ broker, address, holdMs, warn: this.#warn })
    this.#engines = new EngineChildren({
      memoryBytes,
      stepsPerChild,
      workFolder: this.#folder,
      // whose it is can't be overwritten by what the step says of itself
      log: (level, message, fields) => log(level, message, { ...fields, ...this.#state.running }),
      onReady: (isReady) => {
        this.#state.engine(isReady)
        this.#goOn()
      },
      onBroken: () => this.#end(1, 'no engine process can be started'),
    })
  }

  /** @throws Fault denied WorkFolderUnusable */
  static async start(options: WorkerOptions): Promise<Worker> {
    await emptyFolder(join(options.workFolder, options.name))
    const worker = new Worker(options)
    worker.#connect()
    return worker
  }

  /** The exit code: 0 drained, 1 a fault. */
  get ended(): Promise<number> {
    return this.#ended.promise
  }

  /** Of the engine's process. */
  get enginePid(): number | undefined {
    return this.#engines.pid
  }

  /** Takes no more steps; the running one may end in its time. */
  drain(): void {
    const { drainMs, log } = this.#options
    log('info', 'draining', { running: this.#state.running?.step, seconds: drainMs / 1000 })
    this.#state.drain()
    this.#goOn()
    setTimeout(() => this.giveUp(), drainMs).unref()
  }

  /** The running step is stopped, and that is told; then it ends. */
  giveUp(): void {
    if (this.#isOver) return
    this.#state.drain()
    this.#state.giveUp()
    this.#goOn()
    setTimeout(() => this.#end(1, 'ends with something untold'), LAST_GRACE_MS + LAST_WORDS_MS).unref()
  }

  #connect(): void {
    const { broker, address, name, log } = this.#options
    const hear = (data: Uint8Array) => {
      const notice = decode(noticeSchema, data)
      if (notice !== undefined) this.#state.notice(notice, monotonic())
      this.#goOn()
    }
    const ends = [workerSubject(address, name), everyWorkerSubject(address)].map((subject) =>
      broker.listen(subject, hear),
    )
    this.#unlisten = () => {
      for (const end of ends) end()
    }
    broker.onState((state) => {
      log('info', state === 'up' ? 'connected to the broker' : 'not connected to the broker')
      if (state === 'up') this.#state.connected(monotonic())
      this.#goOn()
    })
  }

  /** Does what is due, and sleeps until something else is. */
  #goOn(): void {
    if (this.#isOver) return
    clearTimeout(this.#timer)
    const now = monotonic()
    for (const act of this.#state.due(now)) this.#do(act)
    if (this.#state.isDone) {
      this.#end(0, 'drained')
      return
    }
    const at = this.#state.nextDue()
    if (at < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#goOn(), Math.max(0, Math.ceil(at - now)))
  }

  #do(act: WorkerAct): void {
    switch (act.kind) {
      case 'ask':
        void this.#ask(act)
        return
      case 'leave':
        this.#await(this.#line.leave(act.message).catch(() => undefined))
        return
      case 'heartbeat':
        void this.#heartbeat(act)
        return
      case 'report':
        void this.#report(act)
        return
      case 'start':
        this.#await(this.#run(act))
        return
      case 'mayCommit':
        this.#engines.allowCommit(act.until)
        return
      case 'abort':
        this.#options.log('info', 'the running step is stopped', { reason: act.reason })
        this.#engines.stop(act.reason === 'drained' ? LAST_GRACE_MS : STOP_GRACE_MS)
        return
      default:
        act satisfies never
    }
  }

  async #ask({ ask, message }: Act<'ask'>): Promise<void> {
    try {
      this.#state.work(ask, await this.#line.ready(message), monotonic())
    } catch (thrown) {
      const { code, message: why } = asFault(thrown)
      const forbidden = code === 'BrokerDenied'
      if (forbidden) this.#warn(why)
      this.#state.noWork(ask, { forbidden }, monotonic())
    }
    this.#goOn()
  }

  async #heartbeat({ key, sentAt, message }: Act<'heartbeat'>): Promise<void> {
    try {
      this.#state.renewal({ key, sentAt }, await this.#line.heartbeat(message))
    } catch {
      this.#state.noRenewal(key, monotonic())
    }
    this.#goOn()
  }

  async #report({ key, message }: Act<'report'>): Promise<void> {
    try {
      this.#state.settled(key, await this.#line.outcome(message), monotonic())
    } catch {
      return // it is said again
    }
    this.#goOn()
  }

  async #run({ id, task }: Act<'start'>): Promise<void> {
    const workFolder = join(this.#folder, randomUUID())
    this.#options.log('info', 'step starts', startFields(id, task))
    const outcome = await this.#engines.run({ task, workFolder, leased: true })
    const isDelivered = this.#state.ended(outcome, monotonic())
    this.#goOn()
    const { error } = outcome
    const fields = { ...endFields(id, task, outcome), ...(isDelivered ? {} : { delivered: false }) }
    this.#options.log(error === undefined ? 'info' : 'warn', error?.message ?? 'step ended', fields)
    await rm(workFolder, { recursive: true, force: true }).catch(() => undefined)
  }

  #await(work: Promise<unknown>): void {
    this.#pending.add(work)
    void work.finally(() => this.#pending.delete(work))
  }

  #end(code: number, why: string): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#unlisten()
    this.#options.log(code === 0 ? 'info' : 'warn', why)
    void this.#close().then(() => this.#ended.resolve(code))
  }

  async #close(): Promise<void> {
    await this.#engines.close()
    await Promise.all(this.#pending)
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined)
  }
}
