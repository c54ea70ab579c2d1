// One operator process: a replica with its caches, which leads for a term. While it leads it has a server of leases of its
// own epoch. It may be deposed without knowing: then a look that it began may still be written, with what it knew.
import { DISPATCH_LIMITS, LeaseServer } from '../../../src/dispatch/index.ts'
import type { LeaseSource } from '../../../src/effects/index.ts'
import type { ModelApiServer } from '../model/api-server.ts'
import { type CrashHere, Replica } from '../replica.ts'
import type { ModelBroker, Party } from './model-broker.ts'

export interface OperatorBugs {
  /** Between the reconciler and the server of leases. */
  leases?: (sound: LeaseSource, now: () => number) => LeaseSource
  /** Between the server of leases and the broker. */
  broker?: (sound: Party) => Party
  /** What it takes for the time of a lease, while it tells its workers another. */
  leaseMs?: number
  /** Goes on serving when somebody else leads. */
  neverDeposed?: boolean
  /** Names its term by its clock alone. */
  losesTerms?: boolean
  /** Does not look at a run when its leases change. */
  neverLooks?: boolean
}

export interface OperatorOptions {
  name: string
  api: ModelApiServer
  broker: ModelBroker
  /** Of the world; its own clock is apart from that. */
  now: () => number
  clockApartMs: number
  /** What its term is called, which begins at that time by its clock. */
  nameTerm: (begin: number) => number
  crashHere: CrashHere
  nextId: () => string
  bugs: OperatorBugs
}

export class Operator {
  readonly name: string
  readonly clockApartMs: number
  readonly replica: Replica
  server: LeaseServer | undefined
  /** When its term was over, by the world's clock. */
  deposedAt = Number.POSITIVE_INFINITY
  readonly #options: OperatorOptions
  #leases: LeaseSource | undefined
  #tick: { ms: number; act: () => void; at: number } | undefined
  #party: Party | undefined

  constructor(options: OperatorOptions) {
    const { api, clockApartMs, crashHere, nextId, name } = options
    this.clockApartMs = clockApartMs
    this.#options = options
    this.name = name
    this.replica = new Replica({ api, now: () => this.#clock, crashHere, nextId, leases: () => this.#leases })
  }

  get isLeading(): boolean {
    return this.server !== undefined && !this.isDeposed
  }

  get isDeposed(): boolean {
    return this.deposedAt <= this.#options.now()
  }

  /** Begins its term. */
  lead(runs: Iterable<string>): void {
    const { broker, bugs, name, nameTerm, now } = this.#options
    this.#party = broker.join(name)
    this.server = new LeaseServer({
      broker: bugs.broker?.(this.#party) ?? this.#party,
      limits: bugs.leaseMs === undefined ? DISPATCH_LIMITS : { ...DISPATCH_LIMITS, leaseMs: bugs.leaseMs },
      epoch: nameTerm(this.#clock),
      prefix: 'loom',
      now: () => this.#clock,
      leads: () => bugs.neverDeposed === true || !this.isDeposed,
      onLook: (run, afterMs) => {
        if (bugs.neverLooks !== true) this.#look(run, afterMs)
      },
      onState: () => {
        for (const run of runs) this.replica.queue.add(run)
      },
      every: (ms, act) => {
        this.#tick = { ms, act, at: now() + ms }
        return () => {}
      },
    })
    this.server.start()
    this.#leases = bugs.leases?.(this.server, () => this.#clock) ?? this.server
    for (const run of runs) this.replica.queue.add(run)
  }

  /** Time passes for its leases. @returns false: not yet */
  get ticks(): (() => void) | undefined {
    const tick = this.#tick
    const now = this.#options.now()
    if (tick === undefined || tick.at > now) return undefined
    return () => {
      tick.at = now + tick.ms
      tick.act()
    }
  }

  end(): void {
    this.replica.dead = true
    void this.#party?.close()
  }

  /** What it has begun when it is deposed, it has begun before. */
  get #clock(): number {
    const { now, clockApartMs } = this.#options
    return Math.min(now(), this.deposedAt) + clockApartMs
  }

  #look(run: string, afterMs: number): void {
    const { queue, later } = this.replica
    if (afterMs === 0) queue.add(run)
    else later.set(run, Math.min(later.get(run) ?? Number.POSITIVE_INFINITY, this.#clock + afterMs))
  }
}
