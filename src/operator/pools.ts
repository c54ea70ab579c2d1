// The operator's side of worker pools: a queue of their own, so that runs never wait for them.
import type { Logger } from 'pino'
import { asFault, type Fault } from '../base/index.ts'
import { type Caches, type KubeApi, type LeaseSource, PoolApplier, PoolObserver } from '../effects/index.ts'
import type { OperatorConfig } from './config.ts'
import { poolReconciler } from './pool-reconciler.ts'
import { WorkQueue } from './work-queue.ts'

/** Pools looked at at the same time. */
const WORKERS = 2
/** A pool's work changes with every step; it is looked at no more often than that for it. */
const LOAD_PERIOD = 200

export interface PoolsInput {
  config: OperatorConfig
  world: { now: () => number; monotonic: () => number; random: () => number; newId: () => string; identity: string }
  caches: Caches
  client: KubeApi
  log: Logger
  leases: () => LeaseSource | undefined
  onFailure: (pool: string, fault: Fault) => void
}

export class Pools {
  readonly #caches: Caches
  readonly #queue: WorkQueue
  #leading = false

  constructor(input: PoolsInput) {
    const { caches, world } = input
    this.#caches = caches
    this.#queue = new WorkQueue({
      workers: WORKERS,
      work: reconcilerOf(input),
      onDone: ({ key, error }) => {
        if (error !== undefined) input.onFailure(key, asFault(error))
      },
      monotonic: world.monotonic,
      random: world.random,
    })
  }

  /** Something of the pool (`namespace/name`) has changed. */
  changed(key: string): void {
    if (this.#leading) this.#queue.add(key)
  }

  /** Who does what for the pool has changed. */
  loadChanged(key: string): void {
    if (this.#leading && this.#caches.pools.objects.has(key)) this.#queue.addLater(key, LOAD_PERIOD)
  }

  lookAtAll(): void {
    for (const key of this.#caches.pools.objects.keys()) this.changed(key)
  }

  begin(): void {
    this.#leading = true
    this.lookAtAll()
  }

  /** Resolves when nothing is in hand any more. */
  async stop(): Promise<void> {
    this.#leading = false
    await this.#queue.stop()
  }
}

function reconcilerOf({ config, world, caches, client, log, leases }: PoolsInput) {
  const { image, natsForWorkers: url, natsPrefix: prefix } = config
  const observer = new PoolObserver({
    caches,
    client,
    defaults: { image },
    leases,
    now: world.now,
    ...(url === undefined ? {} : { nats: { url, prefix } }),
  })
  const applier = new PoolApplier({
    caches,
    client,
    observer,
    leases,
    instance: world.identity,
    now: world.now,
    newId: world.newId,
    onLostEvent: (fault) => log.warn({ code: fault.code }, fault.message),
  })
  return poolReconciler({ observer, applier, log })
}
