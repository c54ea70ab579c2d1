// Gives steps to one pool through a real server of leases, as the operator does: sixty in line at a time, looks gathered. What a
// status would hold is held in memory.
import { randomUUID } from 'node:crypto'
import { type Broker, DISPATCH_LIMITS, LeaseServer, leaseKey, type Wanted } from '../../../src/dispatch/index.ts'
import { POOLED_AT_MOST } from '../../../src/reconcile/limits.ts'
import { lakeTask, PROCESS, sqlStep } from '../../cluster/support/lake-task.ts'

export const PLACE = { prefix: 'loom', namespace: 'etl', pool: 'warm' } as const
const RUN = 'etl/run'

export class StepGiver {
  readonly #uid = randomUUID()
  readonly #server: LeaseServer
  readonly #folder: string
  readonly #wanted = new Map<string, Wanted>()
  readonly #ended = Promise.withResolvers<void>()
  #left: string[]
  #timer: { timer: NodeJS.Timeout; at: number } | undefined

  constructor(broker: Broker, folder: string, steps: number) {
    this.#folder = folder
    this.#left = Array.from({ length: steps }, (_, i) => `s${i}`)
    this.#server = new LeaseServer({
      broker,
      limits: DISPATCH_LIMITS,
      epoch: Date.now(),
      prefix: PLACE.prefix,
      now: Date.now,
      onLook: (_run, afterMs) => this.#lookLater(afterMs),
    })
  }

  /** Resolves when every step has succeeded. @throws when one has not */
  async giveAll(): Promise<void> {
    const end = this.#server.start()
    this.#look()
    try {
      await this.#ended.promise
    } finally {
      end()
    }
  }

  /** The earliest wish counts, as in the operator's queue. */
  #lookLater(afterMs: number): void {
    const at = Date.now() + afterMs
    if (this.#timer !== undefined && this.#timer.at <= at) return
    clearTimeout(this.#timer?.timer)
    this.#timer = { at, timer: setTimeout(() => this.#look(), afterMs) }
  }

  #look(): void {
    this.#timer = undefined
    const seen = new Set<string>()
    for (const { process, step, attempt, try: number, state, outcome } of this.#server.factsOf(this.#uid)) {
      if (state !== 'ended') continue
      if (outcome?.state !== 'Succeeded') this.#ended.reject(new Error(`step ${step}: ${JSON.stringify(outcome)}`))
      seen.add(leaseKey({ runUid: this.#uid, process, step, attempt, try: number }))
      this.#wanted.delete(step)
    }
    for (const step of this.#left.splice(0, POOLED_AT_MOST - this.#wanted.size))
      this.#wanted.set(step, this.#want(step))
    const final = this.#wanted.size === 0
    this.#server.agree({ uid: this.#uid, key: RUN }, { wanted: [...this.#wanted.values()], seen, final })
    if (final) this.#ended.resolve()
  }

  #want(step: string): Wanted {
    const id = { runUid: this.#uid, process: PROCESS, step, attempt: 1, try: 1 }
    const task = lakeTask(this.#folder, sqlStep(step, 'SELECT 1 AS a'), id)
    return { id, pool: `${PLACE.namespace}/${PLACE.pool}`, task, mayBeHeld: false }
  }
}
