// The least of an operator: it offers steps of one run to a pool over a real broker, gives out expired ones as their next
// try, and settles outcomes. What a status would hold is held in memory.
import { randomUUID } from 'node:crypto'
import {
  type DispatchLimits,
  inboxPrefix,
  type LeaseFact,
  type LeaseId,
  LeaseServer,
  leaseKey,
  openNatsBroker,
  type StopReason,
  type Wanted,
} from '../../../src/dispatch/index.ts'
import type { StepOutcome } from '../../../src/plan/index.ts'
import { until } from '../bed/index.ts'
import { type LakeStep, lakeTask, PROCESS } from './lake-task.ts'

/** Short, so that what is lost is soon known. */
export const SHORT_LIMITS: DispatchLimits = {
  leaseMs: 2_000,
  heartbeatMs: 500,
  acceptMs: 1_500,
  holdMs: 20_000,
  gatherMs: 100,
}

export interface OperatorPlace {
  /** The broker, or a link to it. */
  url: string
  folder: string
  limits?: DispatchLimits
  namespace?: string
  credentials?: string
  epoch?: number
}

export class LakeOperator implements AsyncDisposable {
  readonly uid = randomUUID()
  /** By step. */
  readonly outcomes = new Map<string, StepOutcome>()
  readonly tries = new Map<string, number>()
  readonly counts: string[] = []
  readonly #place: OperatorPlace
  readonly #wanted = new Map<string, Wanted>()
  readonly #seen = new Set<string>()
  #server: LeaseServer | undefined
  #end: () => Promise<void> = async () => {}
  #stop: StopReason | undefined

  static async start(place: OperatorPlace): Promise<LakeOperator> {
    const operator = new LakeOperator(place)
    await operator.#start()
    return operator
  }

  private constructor(place: OperatorPlace) {
    this.#place = place
  }

  offer(...steps: LakeStep[]): void {
    for (const step of steps) this.#want(step, 1)
    this.#agree()
  }

  /** Stops all that runs. */
  stop(reason: StopReason): void {
    this.#stop = reason
    this.#wanted.clear()
    this.#agree()
  }

  async outcome(step: string, seconds = 60): Promise<StepOutcome> {
    const seen = () => ({ facts: this.#facts(), counts: this.counts })
    return await until(`step ${step} has an outcome`, () => this.outcomes.get(step), { seconds, everyMs: 5, seen })
  }

  async leased(step: string): Promise<LeaseFact> {
    const isLeased = () => this.#facts().find((fact) => fact.step === step && fact.state === 'leased')
    return await until(`step ${step} is leased`, isLeased, { everyMs: 5, seen: () => this.#facts() })
  }

  leasedTo(step: string): string | undefined {
    return this.#facts().find((fact) => fact.step === step && fact.state === 'leased')?.worker
  }

  /** Workers that wait for a step. */
  get idle(): readonly string[] {
    return this.#server?.loadOf(this.#pool).idle ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
  }

  get #pool(): string {
    return `${this.#place.namespace ?? 'etl'}/warm`
  }

  async #start(): Promise<void> {
    const { url, limits = SHORT_LIMITS, namespace = 'etl', credentials, epoch = 1 } = this.#place
    const broker = await openNatsBroker({
      servers: [url],
      name: 'operator',
      inboxPrefix: inboxPrefix({ prefix: 'loom', namespace }),
      warn: () => {},
      ...(credentials === undefined ? {} : { credentials }),
    })
    const looks = new Set<NodeJS.Timeout>()
    this.#server = new LeaseServer({
      broker,
      limits,
      epoch,
      prefix: 'loom',
      now: Date.now,
      onLook: (_run, afterMs) => {
        const timer = setTimeout(() => {
          looks.delete(timer)
          this.#look()
        }, afterMs)
        looks.add(timer)
      },
      onCount: (what) => this.counts.push(what),
    })
    const end = this.#server.start()
    this.#end = async () => {
      end()
      for (const timer of looks) clearTimeout(timer)
      await broker.close()
    }
  }

  #want(step: LakeStep, number: number): void {
    const id: LeaseId = { runUid: this.uid, process: PROCESS, step: step.name, attempt: 1, try: number }
    const task = lakeTask(this.#place.folder, step, id)
    this.tries.set(step.name, number)
    this.#wanted.set(step.name, { id, pool: this.#pool, task, mayBeHeld: false })
    this.#steps.set(step.name, step)
  }

  readonly #steps = new Map<string, LakeStep>()

  #facts(): LeaseFact[] {
    return this.#server?.factsOf(this.uid) ?? []
  }

  /** As a decision does: what ended is kept, what expired is tried again. */
  #look(): void {
    for (const { process, step, attempt, try: number, state, outcome } of this.#facts()) {
      const key = leaseKey({ runUid: this.uid, process, step, attempt, try: number })
      if (this.#seen.has(key)) continue
      if (state === 'ended' && outcome !== undefined) {
        this.#seen.add(key)
        this.#wanted.delete(step)
        this.outcomes.set(step, outcome)
      } else if (state === 'expired') {
        this.#seen.add(key)
        const again = this.#steps.get(step)
        if (again !== undefined) this.#want(again, number + 1)
      }
    }
    this.#agree()
  }

  #agree(): void {
    const stop = this.#stop === undefined ? {} : { stop: this.#stop }
    const wanted = [...this.#wanted.values()]
    this.#server?.agree({ uid: this.uid, key: 'etl/run' }, { wanted, seen: this.#seen, ...stop })
  }
}
