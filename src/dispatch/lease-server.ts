// Serves the leader's table of leases over the broker: reads what workers say, tells the table, says what the table says.
import type { BrokerState } from './broker.ts'
import { CallWorkers } from './call-workers.ts'
import type { LeaseFact, LeasingRun } from './lease.ts'
import { type Agreement, type Effect, speakerOf } from './lease-news.ts'
import type { LeaseServerOptions } from './lease-server-options.ts'
import { LeaseTable } from './lease-table.ts'
import type { Leases } from './leases.ts'
import {
  decode,
  encode,
  heartbeatSchema,
  MESSAGE_VERSION,
  outcomeSchema,
  packTask,
  readySchema,
  unpackOutcome,
} from './messages.ts'
import type { PoolLoad, PoolLoads } from './pool-loads.ts'
import { type PoolAddress, parseRequest, poolKey, servedSubjects, workerSubject } from './subjects.ts'

/** How often time is let pass. */
const TICK_MS = 200

type Reply = (data: Uint8Array) => void

export class LeaseServer implements Leases, PoolLoads {
  readonly #options: LeaseServerOptions
  readonly #table: LeaseTable
  readonly #held = new Map<number, Reply>()
  readonly oldLeasesEnd: number
  readonly #calls: CallWorkers
  #requests = 0
  #downSince: number | undefined
  #ends: (() => void)[] = []

  constructor(options: LeaseServerOptions) {
    const { limits, epoch, now } = options
    this.#options = options
    const startedAt = now()
    this.#calls = new CallWorkers(options)
    this.#table = new LeaseTable({ limits, epoch, startedAt })
    this.oldLeasesEnd = startedAt + limits.leaseMs
  }

  /** @returns an end to it */
  start(): () => void {
    const { broker, prefix, namespaces = ['*'], every = byTimer } = this.#options
    broker.onState((state) => this.#stateChanged(state))
    const subjects = namespaces.flatMap((namespace) => servedSubjects({ prefix, namespace }))
    this.#ends = [
      broker.serve(subjects, (subject, data, answer) => this.#hear(subject, data, answer)),
      every(TICK_MS, () => {
        if (this.#leads) this.#do(this.#table.tick(this.#options.now()))
      }),
    ]
    return () => {
      for (const end of this.#ends.splice(0)) end()
      this.#held.clear()
    }
  }

  get #leads(): boolean {
    return this.#options.leads?.() ?? true
  }

  get downSince(): number | undefined {
    return this.#downSince
  }

  factsOf(runUid: string, all = false): LeaseFact[] {
    return this.#table.factsOf(runUid, this.#options.now(), all)
  }

  newsAfterMs(runUid: string): number | undefined {
    return this.#table.newsAfterMs(runUid, this.#options.now())
  }

  knows(runUid: string): boolean {
    return this.#table.knows(runUid)
  }

  gone(key: string, uid?: string): void {
    if (this.#leads) this.#do(this.#table.gone({ key, uid }, this.#options.now()))
  }

  agree(run: LeasingRun, agreement: Agreement): void {
    if (!this.#leads) return
    this.#do(this.#table.agree(run, agreement, this.#options.now()))
    for (const pool of new Set(agreement.wanted.map((want) => want.pool))) {
      this.#calls.call(pool)
      this.#options.onLoad?.(pool)
    }
  }

  loadOf(pool: string): PoolLoad {
    const { backlog, busy, free } = this.#table.queueOf(pool)
    return { backlog, busy, idle: free.map(({ worker }) => worker) }
  }

  drain(pool: string, workers: ReadonlySet<string>): void {
    this.#table.queueOf(pool).draining = workers
  }

  get leasesInFlight(): number {
    return [...this.#table.leases()].filter(({ state }) => state === 'leased').length
  }

  #stateChanged(state: BrokerState): void {
    const { now, onCount, onState } = this.#options
    queueMicrotask(() => onState?.(state))
    if (state === 'up') {
      if (this.#downSince !== undefined) onCount?.('reconnected')
      this.#downSince = undefined
      this.#calls.again()
      return
    }
    this.#downSince ??= now()
    this.#table.brokerLost(now())
    this.#held.clear()
  }

  #hear(subject: string, data: Uint8Array, answer: Reply): void {
    const address = parseRequest(subject, this.#options.prefix)
    if (address === undefined || !this.#leads) return
    if (address.name === 'ready') this.#ready(address, data, answer)
    else if (address.name === 'heartbeat') this.#heartbeat(address, data, answer)
    else this.#outcome(address, data, answer)
  }

  #ready(address: PoolAddress, data: Uint8Array, answer: Reply): void {
    const message = decode(readySchema, data)
    if (message === undefined) {
      this.#refuse(answer)
      return
    }
    if (message.leaving === true) {
      const before = this.#table.queueOf(poolKey(address)).leave(message.worker)
      if (before !== undefined) this.#answer(before.request, { kind: 'none' })
      answer(encode({ ...this.#frame(), kind: 'none' }))
    } else this.#do(this.#table.ready(this.#hold(answer), speakerOf(message, address), this.#options.now()))
    this.#options.onLoad?.(poolKey(address))
  }

  #heartbeat(address: PoolAddress, data: Uint8Array, answer: Reply): void {
    const message = decode(heartbeatSchema, data)
    if (message === undefined) {
      this.#refuse(answer)
      return
    }
    const heard = this.#table.heartbeat(message.id, speakerOf(message, address), this.#options.now())
    if (heard === undefined) return
    answer(encode({ ...this.#frame(), ...heard.answer, ...this.#terms() }))
    this.#do(heard.effects)
  }

  #outcome(address: PoolAddress, data: Uint8Array, answer: Reply): void {
    const message = decode(outcomeSchema, data)
    const outcome = message === undefined ? undefined : unpackOutcome(message.id, message.outcome)
    if (message === undefined || outcome === undefined) {
      this.#refuse(answer)
      return
    }
    const report = { id: message.id, from: speakerOf(message, address), outcome }
    this.#do(this.#table.outcome(this.#hold(answer), report, this.#options.now()))
    this.#options.onLoad?.(poolKey(address))
  }

  #hold(answer: Reply): number {
    const request = ++this.#requests
    this.#held.set(request, answer)
    return request
  }

  #answer(request: number, message: object): void {
    this.#held.get(request)?.(encode({ ...this.#frame(), ...message }))
    this.#held.delete(request)
  }

  #refuse(answer: Reply): void {
    this.#options.onCount?.('malformed')
    const message = `cannot read the message: this operator speaks version ${MESSAGE_VERSION}; use workers of its own image`
    answer(encode({ ...this.#frame(), kind: 'refused', message }))
  }

  #do(effects: readonly Effect[]): void {
    for (const effect of effects) this.#doOne(effect)
  }

  #doOne(effect: Effect): void {
    const { broker, now, prefix, onCount, onLeased, onLook } = this.#options
    switch (effect.kind) {
      case 'lease': {
        const { id, task, offeredAt } = effect.lease
        this.#answer(effect.request, { kind: 'lease', id, task: packTask(task), ...this.#terms() })
        onCount?.('given')
        onLeased?.(now() - offeredAt)
        return
      }
      case 'none':
      case 'settled':
        this.#answer(effect.request, { kind: effect.kind })
        return
      case 'stop': {
        const { pool, worker, id } = effect.lease
        if (worker === undefined) return
        const [namespace = '', name = ''] = pool.split('/')
        const subject = workerSubject({ prefix, namespace, pool: name }, worker)
        broker.publish(subject, encode({ ...this.#frame(), kind: 'stop', id, reason: effect.reason }))
        return
      }
      case 'drop':
        this.#held.delete(effect.request)
        return
      case 'look':
        onLook(effect.run, effect.afterMs)
        return
      case 'count':
        onCount?.(effect.what)
        return
      default:
        effect satisfies never
    }
  }

  #frame(): { version: typeof MESSAGE_VERSION; epoch: number } {
    return { version: MESSAGE_VERSION, epoch: this.#table.epoch }
  }

  #terms(): { leaseMs: number; heartbeatMs: number } {
    const { leaseMs, heartbeatMs } = this.#options.limits
    return { leaseMs, heartbeatMs }
  }
}

function byTimer(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms)
  return () => clearInterval(timer)
}
