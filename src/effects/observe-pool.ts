// Gathers what a decision about one pool rests on.
import { objectStoreOf } from '../compile/index.ts'
import type { StorageSpec } from '../manifest/index.ts'
import {
  deploymentFact,
  type LoadFact,
  mountTroubleOf,
  POD_START_PATIENCE,
  type PoolObserved,
  type PoolStorage,
  type RenderDefaults,
  storageNameOf,
  type WorkerFact,
  type WorkerNats,
  workerFact,
  workersName,
} from '../reconcile/index.ts'
import type { Caches } from './caches.ts'
import type { AnyObject } from './kept.ts'
import type { KubeApi } from './kube/index.ts'
import type { LeaseSource } from './observe-dispatch.ts'
import { readPool } from './read-pool.ts'
import { specProblems } from './read-run.ts'

export interface PoolObserverOptions {
  caches: Caches
  client: KubeApi
  defaults: RenderDefaults
  /** How workers reach the broker; absent: there is none. */
  nats?: WorkerNats
  /** Who does what; undefined: nobody is served yet. */
  leases: () => LeaseSource | undefined
  now: () => number
}

export class PoolObserver {
  readonly #options: PoolObserverOptions
  /** What the dispatch was last told of each pool: `namespace/name` → workers that get no more steps. */
  readonly draining = new Map<string, string[]>()

  constructor(options: PoolObserverOptions) {
    this.#options = options
  }

  /** undefined when there is no such pool. */
  async observe(key: string): Promise<{ observed: PoolObserved; storedStatus: unknown } | undefined> {
    const { caches, defaults, nats, now } = this.#options
    const raw = caches.pools.objects.get(key)
    if (raw === undefined) {
      this.draining.delete(key)
      return undefined
    }
    const pool = readPool(raw)
    const { uid, namespace } = pool.metadata
    const deployment = caches.deployments.objects.get(`${namespace}/${workersName(pool.metadata)}`)
    const storage = this.#storageOf(namespace, storageNameOf(pool.spec))
    const observed: PoolObserved = {
      now: now(),
      pool,
      problems: specProblems(raw, 'ETLWorkerPool'),
      ...(nats === undefined ? {} : { nats }),
      ...(storage === undefined ? {} : { storage }),
      ...(deployment === undefined ? {} : { deployment: deploymentFact(deployment, uid) }),
      workers: await this.#workersOf(namespace, uid),
      load: this.#loadOf(key),
      defaults,
    }
    return { observed, storedStatus: raw.status }
  }

  async #workersOf(namespace: string, poolUid: string): Promise<WorkerFact[]> {
    const { caches, client, now } = this.#options
    const pods = caches.poolIndex.workersOf(poolUid)
    const workers = pods.map(workerFact).filter((worker) => worker !== undefined)
    // All workers are alike: what keeps one from starting keeps the others.
    const stuck = workers.find(({ startingSince = now() }) => now() - startingSince >= POD_START_PATIENCE)
    if (stuck === undefined) return workers
    const fieldSelector = `regarding.kind=Pod,regarding.name=${stuck.name}`
    const { items } = await client.list<AnyObject>('Event', { namespace, fieldSelector })
    const trouble = mountTroubleOf(items)
    return trouble === undefined ? workers : workers.map((each) => (each === stuck ? { ...each, trouble } : each))
  }

  /** A storage that this operator can't read is none. */
  #storageOf(namespace: string, name: string): PoolStorage | undefined {
    const raw = this.#options.caches.storages.objects.get(`${namespace}/${name}`)
    if (raw === undefined || specProblems(raw, 'ETLStorage').length > 0) return undefined
    const spec = raw.spec as StorageSpec
    const { pods = {}, nats } = spec
    const objectStore = objectStoreOf(spec, { workingFolder: '/', manifestFolder: '/' })
    return {
      pods,
      ...(nats === undefined ? {} : { credentials: nats.credentialsRef.name }),
      ...(objectStore === undefined ? {} : { objectStore }),
    }
  }

  #loadOf(key: string): LoadFact {
    const draining = this.draining.get(key) ?? []
    const leases = this.#options.leases()
    if (leases === undefined) return { backlog: 0, busy: [], idle: [], draining, isComplete: false, isDown: true }
    return {
      ...leases.loadOf(key),
      draining,
      isComplete: this.#options.now() >= leases.oldLeasesEnd,
      isDown: leases.downSince !== undefined,
    }
  }
}
