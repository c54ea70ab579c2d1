// The steps that wait for a worker of one pool, and the workers that wait for a step. Runs take turns; within a run the
// declared order counts.
import type { Lease } from './lease.ts'

export interface FreeWorker {
  /** The held request. */
  request: number
  worker: string
  /** When the request is to be answered at the latest. */
  until: number
}

export class PoolQueue {
  /** In the order of their turns; a run that got a worker goes to the end. */
  readonly #runs = new Map<string, Map<string, Lease>>()
  readonly #free = new Map<string, FreeWorker>()
  /** All that are leased, and some that were: those are found out when they are counted. */
  readonly #given = new Set<Lease>()
  /** Get nothing more: they are to be removed. */
  draining: ReadonlySet<string> = new Set()

  get backlog(): number {
    let sum = 0
    for (const leases of this.#runs.values()) sum += leases.size
    return sum
  }

  get free(): readonly FreeWorker[] {
    return [...this.#free.values()]
  }

  /** Workers that have a step. */
  get busy(): string[] {
    for (const lease of this.#given) if (lease.state !== 'leased') this.#given.delete(lease)
    return [...this.#given].flatMap(({ worker }) => worker ?? [])
  }

  add(lease: Lease): void {
    const leases = this.#runs.get(lease.run) ?? new Map<string, Lease>()
    leases.set(lease.key, lease)
    this.#runs.set(lease.run, leases)
  }

  /** A worker has it already. */
  adopted(lease: Lease): void {
    this.remove(lease)
    this.#given.add(lease)
  }

  remove(lease: Lease): void {
    this.#given.delete(lease)
    const leases = this.#runs.get(lease.run)
    leases?.delete(lease.key)
    if (leases?.size === 0) this.#runs.delete(lease.run)
  }

  /** @returns the request that this one replaces: a worker has one at a time */
  wait(worker: FreeWorker): FreeWorker | undefined {
    const before = this.#free.get(worker.worker)
    this.#free.delete(worker.worker)
    this.#free.set(worker.worker, worker)
    return before
  }

  /** @returns its request, which is to be answered */
  leave(worker: string): FreeWorker | undefined {
    const before = this.#free.get(worker)
    this.#free.delete(worker)
    return before
  }

  /** Takes those out of the line whose request must be answered by then. */
  dismissUntil(time: number): FreeWorker[] {
    const dismissed = this.free.filter(({ until }) => until <= time)
    for (const { worker } of dismissed) this.#free.delete(worker)
    return dismissed
  }

  /** The next step and the worker that gets it, both taken out of their lines; undefined: there is no such pair. */
  next(mayTake: (lease: Lease) => boolean): { lease: Lease; worker: FreeWorker } | undefined {
    const worker = [...this.#free.values()].find((candidate) => !this.draining.has(candidate.worker))
    if (worker === undefined) return undefined
    for (const [run, leases] of this.#runs) {
      for (const lease of leases.values()) {
        if (!mayTake(lease)) continue
        this.#runs.delete(run)
        leases.delete(lease.key)
        if (leases.size > 0) this.#runs.set(run, leases)
        this.#free.delete(worker.worker)
        this.#given.add(lease)
        return { lease, worker }
      }
    }
    return undefined
  }
}
