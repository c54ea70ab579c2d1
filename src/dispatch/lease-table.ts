// Who runs which step: the leader's picture of all leases. It has no clock and no network: what happened goes in, what is to
// be said comes out, so that every loss, delay and doubling of a message can be simulated.
//
// T1 A try of a step is leased to one worker at a time. One that was accepted and expires is not given out again as that try.
// T2 Nothing is given out that a worker may still have from an earlier leader: it waits one lease time to be adopted.
// T3 An outcome is kept until a status that holds it was written; only then is the worker told that it is settled.
// T4 A message of another pool, or about a lease that is over or that somebody else has, changes nothing.
// The picture may vanish at any moment: the statuses and the workers' next messages make it anew.
import type { StepOutcome } from '../plan/index.ts'
import {
  adopt,
  give,
  isLater,
  isOverdue,
  type Lease,
  type LeaseFact,
  type LeasingRun,
  offer,
  renew,
  type Wanted,
} from './lease.ts'
import { type Agreement, type Answer, type Effect, FENCED, type Speaker } from './lease-news.ts'
import { letGo, type Unwanted, type Withheld } from './let-go.ts'
import type { DispatchLimits } from './limits.ts'
import { type LeaseId, leaseKey } from './messages.ts'
import { PoolQueue } from './pool-queue.ts'
import { RunLeases } from './run-leases.ts'
import { Strays } from './strays.ts'
import type { Term } from './term.ts'

export class LeaseTable {
  readonly epoch: number
  readonly #limits: DispatchLimits
  readonly #startedAt: number
  readonly #runs = new Map<string, RunLeases>()
  readonly #pools = new Map<string, PoolQueue>()
  readonly #strays = new Strays()
  #brokerLostAt = Number.NEGATIVE_INFINITY

  constructor({ limits, epoch, startedAt }: Term) {
    this.#limits = limits
    this.epoch = epoch
    this.#startedAt = startedAt
  }

  /** A free worker asks for work; the request is held until there is some. */
  ready(request: number, { pool, worker, epoch }: Speaker, now: number): Effect[] {
    if (epoch > this.epoch) return [{ kind: 'drop', request }]
    const queue = this.queueOf(pool)
    const before = queue.wait({ request, worker, until: now + this.#limits.holdMs })
    return [
      ...(before === undefined ? [] : [{ kind: 'none', request: before.request } as const]),
      ...this.#match(queue, now),
    ]
  }

  /** @returns undefined when nothing is to be answered: a later leader will */
  heartbeat(id: LeaseId, from: Speaker, now: number): { answer: Answer; effects: Effect[] } | undefined {
    if (from.epoch > this.epoch) return undefined
    const lease = this.#find(id)
    if (lease === undefined) return this.#strayHeartbeat(id, from, now)
    if (lease.pool !== from.pool) return FENCED
    if (lease.state === 'offered') {
      this.queueOf(lease.pool).adopted(lease)
      adopt(lease, from.worker, this.#limits, now)
      return { answer: answerTo(lease), effects: [{ kind: 'count', what: 'adopted' }, this.#lookAt(lease, now)] }
    }
    if (lease.state !== 'leased' || lease.worker !== from.worker) return FENCED
    renew(lease, this.#limits, now)
    if (isOverdue(lease, now)) lease.stop ??= 'timedOut'
    return { answer: answerTo(lease), effects: [{ kind: 'count', what: 'renewed' }] }
  }

  /** What became of a step; the request is answered once that is settled. */
  outcome(request: number, report: { id: LeaseId; from: Speaker; outcome: StepOutcome }, now: number): Effect[] {
    const { id, from, outcome } = report
    const lease = this.#find(id)
    // the worker repeats it; what is known of is taken from anybody: it has happened, whoever leads
    const isForLater = lease === undefined && (from.epoch > this.epoch || this.#mayBeKnownLater(id, now))
    if (isForLater) return [{ kind: 'drop', request }]
    const isTheirs =
      lease !== undefined && lease.pool === from.pool && (lease.worker === undefined || lease.worker === from.worker)
    if (!isTheirs)
      return [
        { kind: 'settled', request },
        { kind: 'count', what: 'fenced' },
      ]
    const dropped: Effect[] = lease.report === undefined ? [] : [{ kind: 'drop', request: lease.report }]
    lease.report = request
    if (lease.state === 'ended') return dropped
    if (lease.state === 'offered') this.queueOf(lease.pool).remove(lease)
    Object.assign(lease, { state: 'ended', outcome, worker: from.worker } satisfies Partial<Lease>)
    const queue = this.queueOf(lease.pool)
    return [...dropped, this.#lookAt(lease, now), ...this.#match(queue, now)]
  }

  /** Brings the leases of a run in line with its status, which has just been written. */
  agree(run: LeasingRun, { wanted, seen, stop, hold = false, final = false }: Agreement, now: number): Effect[] {
    const entry = this.#runs.get(run.uid) ?? new RunLeases(run, this.#limits.gatherMs, now)
    this.#runs.set(run.uid, entry)
    entry.run = run
    entry.stopping = stop !== undefined
    const keys = new Set(stop === undefined ? wanted.map(({ id }) => leaseKey(id)) : [])
    const effects: Effect[] = []
    for (const lease of [...entry.all.values()].filter(({ key }) => !keys.has(key))) {
      const isOld = final || wanted.some(({ id }) => isLater(id, lease.id))
      effects.push(...this.#unwanted(entry, lease, { isSeen: seen.has(lease.key), stop, isOld }, now))
    }
    for (const want of wanted) effects.push(...this.#wanted(entry, want, { hold, stop }, now))
    if (final) this.#runs.delete(run.uid)
    for (const pool of new Set(wanted.map((want) => want.pool))) effects.push(...this.#match(this.queueOf(pool), now))
    return effects
  }

  knows(runUid: string): boolean {
    return this.#runs.has(runUid)
  }

  /** The runs of that key are no more, but the one with that uid: nobody waits for their leases. */
  gone({ key, uid }: { key: string; uid: string | undefined }, now: number): Effect[] {
    const gone = [...this.#runs.values()].filter(({ run }) => run.key === key && run.uid !== uid)
    return gone.flatMap(({ run }) =>
      this.agree(run, { wanted: [], seen: new Set(), stop: 'cancelled', final: true }, now),
    )
  }

  /** What a decision about the run may know now. While its steps go on, that changes at most once every `gatherMs`. */
  factsOf(runUid: string, now: number, all = false): LeaseFact[] {
    return this.#runs.get(runUid)?.facts(now, all) ?? []
  }

  /** After how many ms a decision about the run sees something new; undefined: it has seen all there is. */
  newsAfterMs(runUid: string, now: number): number | undefined {
    return this.#runs.get(runUid)?.newsAfterMs(now)
  }

  /** Lets time pass: leases and held requests that are over. */
  tick(now: number): Effect[] {
    const effects: Effect[] = []
    this.#strays.forget(now)
    for (const lease of this.leases())
      if (lease.state === 'leased' && now >= lease.expiresAt) effects.push(...this.#expire(lease, now))
    for (const queue of this.#pools.values()) {
      for (const { request } of queue.dismissUntil(now)) effects.push({ kind: 'none', request })
      effects.push(...this.#match(queue, now))
    }
    return effects
  }

  /** The connection to the broker is gone: held requests can't be answered any more; workers will ask again. */
  brokerLost(now: number): void {
    this.#brokerLostAt = now
    for (const queue of this.#pools.values()) queue.dismissUntil(Number.POSITIVE_INFINITY)
    for (const lease of this.leases()) delete lease.report
  }

  *leases(): Generator<Lease> {
    for (const { all } of this.#runs.values()) yield* all.values()
  }

  queueOf(pool: string): PoolQueue {
    const queue = this.#pools.get(pool) ?? new PoolQueue()
    this.#pools.set(pool, queue)
    return queue
  }

  #find(id: LeaseId): Lease | undefined {
    return this.#runs.get(id.runUid)?.all.get(leaseKey(id))
  }

  /** In the first lease time of a leader it does not know all runs yet. */
  #mayBeKnownLater(id: LeaseId, now: number): boolean {
    return !this.#runs.has(id.runUid) && now < this.#startedAt + this.#limits.leaseMs
  }

  #strayHeartbeat(id: LeaseId, from: Speaker, now: number): { answer: Answer; effects: Effect[] } {
    if (!this.#mayBeKnownLater(id, now)) return FENCED
    this.#strays.note(leaseKey(id), from, now + this.#limits.leaseMs)
    return { answer: { kind: 'renewed' }, effects: [] }
  }

  #expire(lease: Lease, now: number): Effect[] {
    if (!lease.accepted) {
      this.#offerAgain(lease)
      return [{ kind: 'count', what: 'notAccepted' }]
    }
    const lost = this.#brokerLostAt >= (lease.renewedAt ?? 0) ? 'BrokerLost' : 'LeaseExpired'
    Object.assign(lease, { state: 'expired', lost } satisfies Partial<Lease>)
    return [{ kind: 'count', what: 'expired' }, this.#lookAt(lease, now)]
  }

  #offerAgain(lease: Lease): void {
    lease.state = 'offered'
    delete lease.worker
    if (lease.stop === undefined) this.queueOf(lease.pool).add(lease)
  }

  #match(queue: PoolQueue, now: number): Effect[] {
    const effects: Effect[] = []
    const mayTake = (lease: Lease) => now >= lease.notBefore && this.#runs.get(lease.id.runUid)?.mayLease === true
    for (let pair = queue.next(mayTake); pair !== undefined; pair = queue.next(mayTake)) {
      const { lease, worker } = pair
      give(lease, worker.worker, this.#limits, now)
      effects.push({ kind: 'lease', request: worker.request, lease }, this.#lookAt(lease, now))
    }
    return effects
  }

  #lookAt(lease: Lease, now: number): Effect {
    return { kind: 'look', run: lease.run, afterMs: this.#runs.get(lease.id.runUid)?.lookAfterMs(now) ?? 0 }
  }

  #wanted(entry: RunLeases, want: Wanted, { hold, stop }: Withheld, now: number): Effect[] {
    const known = entry.all.get(leaseKey(want.id))
    const adoptedUntil = this.#startedAt + this.#limits.leaseMs
    const mayBeHeld = want.mayBeHeld && now < adoptedUntil
    if (known !== undefined) {
      known.notBefore = hold ? Number.POSITIVE_INFINITY : Math.min(known.notBefore, adoptedUntil)
      return []
    }
    if (stop !== undefined && !mayBeHeld) return []
    const notBefore = hold ? Number.POSITIVE_INFINITY : mayBeHeld ? adoptedUntil : 0
    const lease = offer(want, entry.run.key, { now, notBefore })
    if (stop !== undefined) lease.stop = stop
    const worker = this.#strays.claim(lease.key, lease.pool)
    entry.add(lease)
    if (worker === undefined) {
      if (stop === undefined) this.queueOf(lease.pool).add(lease)
      return []
    }
    adopt(lease, worker, this.#limits, now)
    this.queueOf(lease.pool).adopted(lease)
    const told: Effect[] = stop === undefined ? [] : [{ kind: 'stop', lease, reason: stop }]
    return [...told, { kind: 'count', what: 'adopted' }, this.#lookAt(lease, now)]
  }

  #unwanted(entry: RunLeases, lease: Lease, why: Unwanted, now: number): Effect[] {
    const { isOver, effects } = letGo(lease, why)
    if (isOver) {
      this.queueOf(lease.pool).remove(lease)
      entry.delete(lease)
    }
    return effects ?? [this.#lookAt(lease, now)]
  }
}

const answerTo = ({ stop }: Lease): Answer =>
  stop === undefined ? { kind: 'renewed' } : { kind: 'stop', reason: stop }
