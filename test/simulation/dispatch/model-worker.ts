// A worker: its real state and its real messages, with a model of its engine. Each thing that the engine does for a step is
// a move: read, compute, ask whether it may commit, commit, tell. It may be killed between any two of them.
import {
  COMMIT_MARGIN,
  decode,
  everyWorkerSubject,
  type LeaseId,
  leaseKey,
  noticeSchema,
  type PoolAddress,
  workerSubject,
} from '../../../src/dispatch/index.ts'
import type { StepOutcome, StepTask } from '../../../src/plan/index.ts'
import { OperatorLine } from '../../../src/pod/worker/operator-line.ts'
import type { WorkerAct } from '../../../src/pod/worker/worker-act.ts'
import { WorkerState } from '../../../src/pod/worker/worker-state.ts'
import type { Move } from '../model/cluster.ts'
import type { Party } from './model-broker.ts'

export type EngineEnd = 'succeed' | 'failTransient' | 'failInvalid'

/** Tables, which take a commit of each step of a run once: the transaction's name tells. */
export interface Tables {
  commit: (lease: LeaseId, task: StepTask, worker: string) => void
}

export interface WorkerBugs {
  /** Commits whether or not it may. */
  commitsAnyway?: boolean
  /** Takes a request for work that was lost for one that is held. */
  asksOnce?: boolean
  /** Whatever it is told, its leases last as long. */
  leaseMs?: number
}

export interface ModelWorkerOptions {
  name: string
  address: PoolAddress
  broker: Party
  /** Of the world; its own clock is apart from that. */
  now: () => number
  clockApartMs: number
  random: () => number
  holdMs: number
  leaseMs: number
  engineEnd: (step: string) => EngineEnd
  tables: Tables
  bugs: WorkerBugs
  /** What it can't read. */
  warn: (message: string) => void
}

interface Engine {
  id: LeaseId
  task: StepTask
  phase: 'leased' | 'has read' | 'has computed' | 'waits' | 'may commit' | 'has committed'
  /** On its own clock. */
  mayCommitUntil: number
  /** A commit that was begun is done by then, on the world's clock. */
  commitBy: number
  isStopping: boolean
}

export class ModelWorker {
  readonly name: string
  readonly state: WorkerState
  isDead = false
  isDraining = false
  readonly #options: ModelWorkerOptions
  readonly #line: OperatorLine
  #engine: Engine | undefined
  #isReady = true

  constructor(options: ModelWorkerOptions) {
    const { name, address, broker, holdMs, random, warn } = options
    this.#options = options
    this.name = name
    this.state = new WorkerState({ worker: name, random })
    this.state.engine(true)
    this.#line = new OperatorLine({ broker, address, holdMs, warn })
    for (const subject of [workerSubject(address, name), everyWorkerSubject(address)])
      broker.listen(subject, (data) => {
        const notice = decode(noticeSchema, data)
        if (notice !== undefined) this.state.notice(notice, this.#clock)
        this.goOn()
      })
    broker.onState((state) => {
      if (state === 'up') this.state.connected(this.#clock)
      this.goOn()
    })
  }

  /** What it is at, in words. */
  get phase(): string {
    if (this.#engine !== undefined) return `${this.#engine.phase}${this.#engine.isStopping ? ', is to stop' : ''}`
    return this.state.unsettled > 0 ? 'tells' : 'free'
  }

  /** The step that it may commit now. */
  get mayCommit(): { runUid: string; process: string; step: string } | undefined {
    const engine = this.#engine
    if (engine === undefined || this.isDead) return undefined
    const waits = engine.phase === 'may commit' || (this.#clock < engine.mayCommitUntil && !engine.isStopping)
    return waits && engine.phase !== 'has committed' ? engine.id : undefined
  }

  /** When something must be done, by the world's clock. */
  get nextDue(): number {
    return Math.min(this.state.nextDue() - this.#options.clockApartMs, this.commitBy)
  }

  get commitBy(): number {
    return this.#engine?.phase === 'may commit' ? this.#engine.commitBy : Number.POSITIVE_INFINITY
  }

  get isIdle(): boolean {
    return this.#engine === undefined && this.state.unsettled === 0
  }

  moves(): Move[] {
    const moves: Move[] = []
    const add = (name: string, play: () => void) => moves.push({ name: `${this.name} ${name}`, play })
    if (this.state.nextDue() <= this.#clock) add('does what is due', () => this.goOn())
    if (!this.#isReady && this.#engine === undefined) add('has a new engine', () => this.#engineReady(true))
    const engine = this.#engine
    if (engine === undefined) return moves
    if (engine.isStopping && engine.phase !== 'has committed') add('stops its step', () => this.#end('Cancelled'))
    if (engine.phase === 'leased') add('reads', () => this.#enter('has read'))
    if (engine.phase === 'has read') add('computes', () => this.#compute())
    if (engine.phase === 'has computed') add('asks to commit', () => this.#enter('waits'))
    const may = this.#clock < engine.mayCommitUntil || this.#options.bugs.commitsAnyway === true
    if (engine.phase === 'waits' && may && !engine.isStopping) add('may commit', () => this.#begin(engine))
    if (engine.phase === 'may commit') add('commits', () => this.commit())
    if (engine.phase === 'has committed') add('tells its outcome', () => this.#end('Succeeded'))
    return moves
  }

  /** Does what is due. */
  goOn(): void {
    if (this.isDead) return
    for (const act of this.state.due(this.#clock)) this.#do(act)
    if (this.state.isDone) this.die()
  }

  commit(): void {
    const engine = this.#engine
    if (engine?.phase !== 'may commit') return
    engine.phase = 'has committed'
    this.#options.tables.commit(engine.id, engine.task, this.name)
  }

  drain(): void {
    this.isDraining = true
    this.state.drain()
    this.goOn()
  }

  giveUp(): void {
    this.state.giveUp()
    this.goOn()
  }

  die(): void {
    this.isDead = true
    void this.#options.broker.close()
  }

  get #clock(): number {
    return this.#options.now() + this.#options.clockApartMs
  }

  #enter(phase: Engine['phase']): void {
    if (this.#engine !== undefined) this.#engine.phase = phase
  }

  #compute(): void {
    const end = this.#options.engineEnd(this.#engine?.id.step ?? '')
    if (end === 'succeed') this.#enter('has computed')
    else this.#end('Failed', end === 'failInvalid' ? 'invalid' : 'transient')
  }

  #begin(engine: Engine): void {
    engine.phase = 'may commit'
    engine.commitBy = this.#options.now() + this.#options.leaseMs * COMMIT_MARGIN - 20
  }

  #end(state: StepOutcome['state'], kind: 'transient' | 'invalid' = 'transient'): void {
    const engine = this.#engine
    if (engine === undefined) return
    this.#engine = undefined
    if (engine.isStopping) this.#engineReady(false)
    const { process, step } = engine.id
    const write = { rows: 10, bytes: 100, files: 1, tableVersion: 0, warnings: [] }
    const error = { kind, code: 'Scripted', message: 'as the script says' }
    this.state.ended(
      { process, step, state, durationMs: 5, ...(state === 'Succeeded' ? { write } : { error }) },
      this.#clock,
    )
    this.goOn()
  }

  #engineReady(isReady: boolean): void {
    this.#isReady = isReady
    this.state.engine(isReady)
    this.goOn()
  }

  #do(act: WorkerAct): void {
    const { bugs, leaseMs } = this.#options
    const after = <T>(answer: Promise<T>, heard: (answer: T) => void, failed: () => void) =>
      void answer.then(heard, failed).then(() => this.goOn())
    switch (act.kind) {
      case 'ask': {
        const failed = () => this.state.noWork(act.ask, { forbidden: false }, this.#clock)
        after(
          this.#line.ready(act.message),
          (work) => this.state.work(act.ask, work, this.#clock),
          bugs.asksOnce === true ? () => {} : failed,
        )
        return
      }
      case 'leave':
        after(
          this.#line.leave(act.message),
          () => {},
          () => {},
        )
        return
      case 'heartbeat':
        after(
          this.#line.heartbeat(act.message),
          // a bug: the operator counts by another time than it has told
          (answer) =>
            this.state.renewal(
              act,
              'leaseMs' in answer && bugs.leaseMs !== undefined ? { ...answer, leaseMs } : answer,
            ),
          () => this.state.noRenewal(act.key, this.#clock),
        )
        return
      case 'report': {
        const settle = (answer: Parameters<WorkerState['settled']>[1]) =>
          this.state.settled(act.key, answer, this.#clock)
        after(this.#line.outcome(act.message), settle, () => {})
        return
      }
      case 'start':
        this.#engine = {
          id: act.id,
          task: act.task,
          phase: 'leased',
          mayCommitUntil: Number.NEGATIVE_INFINITY,
          commitBy: 0,
          isStopping: false,
        }
        return
      case 'mayCommit':
        if (this.#engine !== undefined && leaseKey(this.#engine.id) === act.key)
          this.#engine.mayCommitUntil = Math.max(this.#engine.mayCommitUntil, act.until)
        return
      case 'abort':
        if (this.#engine !== undefined) this.#engine.isStopping = true
        return
      default:
        act satisfies never
    }
  }
}
