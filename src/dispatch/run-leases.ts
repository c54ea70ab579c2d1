// The leases of one run, and what its decisions see of them: gathered, so that a status is not written for every lease.
import { factOf, isOpen, type Lease, type LeaseFact, type LeasingRun } from './lease.ts'

export class RunLeases {
  run: LeasingRun
  /** The run is being stopped: everything is shown at once. */
  stopping = false
  readonly all = new Map<string, Lease>()
  readonly #gatherMs: number
  #shown = new Map<string, LeaseFact>()
  #shownAt: number

  constructor(run: LeasingRun, gatherMs: number, now: number) {
    this.run = run
    this.#gatherMs = gatherMs
    this.#shownAt = now
  }

  add(lease: Lease): void {
    this.all.set(lease.key, lease)
    this.#shown.set(lease.key, factOf(lease))
  }

  delete(lease: Lease): void {
    this.all.delete(lease.key)
    this.#shown.delete(lease.key)
  }

  get mayLease(): boolean {
    const leased = [...this.all.values()].filter(({ state }) => state === 'leased').length
    return leased < (this.run.maxParallel ?? Number.POSITIVE_INFINITY)
  }

  /** What a decision may know now. */
  facts(now: number, all = false): LeaseFact[] {
    if (all || this.lookAfterMs(now) === 0) {
      this.#shown = new Map([...this.all].map(([key, lease]) => [key, factOf(lease)]))
      this.#shownAt = now
    }
    return [...this.#shown.values()]
  }

  /** After how long a decision sees something new; undefined: it has seen all there is. */
  newsAfterMs(now: number): number | undefined {
    const isSeen = [...this.all].every(([key, { state }]) => this.#shown.get(key)?.state === state)
    return isSeen ? undefined : this.lookAfterMs(now)
  }

  /** After how long the next look at the run sees what is new. */
  lookAfterMs(now: number): number {
    const goesOn = [...this.all.values()].some(isOpen)
    return this.stopping || !goesOn ? 0 : Math.max(0, this.#shownAt + this.#gatherMs - now)
  }
}
