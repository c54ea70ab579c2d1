// Does what was decided about a pool: actions in order, then the status once, if it differs, then the events.
import { asFault, Fault, isSameJson } from '../base/index.ts'
import {
  DELETION_COST,
  isOwnedBy,
  MARKED_COST,
  type PoolAction,
  type PoolDecision,
  type PoolObject,
  type PoolObserved,
  type RunEvent,
  workersDeployment,
} from '../reconcile/index.ts'
import { withRemovals } from './apply.ts'
import type { Caches } from './caches.ts'
import type { AnyObject } from './kept.ts'
import { isStatus, type KubeApi } from './kube/index.ts'
import type { LeaseSource } from './observe-dispatch.ts'
import type { PoolObserver } from './observe-pool.ts'
import { eventObject } from './run-event.ts'

export interface PoolApplierOptions {
  caches: Caches
  client: KubeApi
  observer: PoolObserver
  leases: () => LeaseSource | undefined
  /** Name of this process in events. */
  instance: string
  now: () => number
  newId: () => string
  /** An event that could not be written: nothing depends on it. */
  onLostEvent: (fault: Fault) => void
}

export class PoolApplier {
  readonly #options: PoolApplierOptions

  constructor(options: PoolApplierOptions) {
    this.#options = options
  }

  /** @throws Fault; the pool is then looked at again, later each time */
  async apply(observed: PoolObserved, decision: PoolDecision, storedStatus: unknown): Promise<void> {
    for (const action of decision.actions) await this.#act(action, observed)
    if (!isSameJson(storedStatus ?? {}, decision.status)) await this.#writeStatus(observed.pool, storedStatus, decision)
    for (const event of decision.events) await this.#emit(observed.pool, event)
  }

  async #act(action: PoolAction, observed: PoolObserved): Promise<void> {
    const { client, caches, observer, leases } = this.#options
    const { namespace, name: pool } = observed.pool.metadata
    switch (action.kind) {
      case 'drain':
        leases()?.drain(`${namespace}/${pool}`, new Set(action.workers))
        observer.draining.set(`${namespace}/${pool}`, action.workers)
        return
      case 'createDeployment':
        await this.#create(observed, action.replicas)
        return
      case 'replaceDeployment':
        await this.#replace(observed, action)
        return
      case 'scale': {
        const place = { resource: 'Deployment', namespace, name: action.name } as const
        const patch = { metadata: { uid: action.uid }, spec: { replicas: action.replicas } }
        caches.deployments.assume(await client.mergePatch<AnyObject>(place, patch))
        return
      }
      case 'mark':
      case 'unmark': {
        const annotations = { [DELETION_COST]: action.kind === 'mark' ? MARKED_COST : null }
        const place = { resource: 'Pod', namespace, name: action.name } as const
        await this.#patchPod(place, { metadata: { uid: action.uid, annotations } })
        return
      }
      default:
        action satisfies never
    }
  }

  /** A pod that is gone needs no mark. */
  async #patchPod(place: { resource: 'Pod'; namespace: string; name: string }, patch: object): Promise<void> {
    const { client, caches } = this.#options
    try {
      caches.owned.Pod.assume(await client.mergePatch<AnyObject>(place, patch))
    } catch (thrown) {
      if (!isStatus(thrown, 404) && !isStatus(thrown, 409)) throw thrown
    }
  }

  /** One of that name that belongs to the pool counts as created: a crash, or another leader, was faster. */
  async #create(observed: PoolObserved, replicas: number): Promise<void> {
    const { client, caches } = this.#options
    const made = deploymentOf(observed)
    const deployment = { ...made, spec: { ...made.spec, replicas } }
    try {
      caches.deployments.assume(await client.create<AnyObject>('Deployment', deployment))
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown
      const { namespace } = observed.pool.metadata
      const name = made.metadata?.name ?? ''
      const found = await client.get<AnyObject>({ resource: 'Deployment', namespace, name })
      if (found === undefined) throw thrown
      if (!isOwnedBy(found, observed.pool.metadata.uid)) throw taken(namespace, name)
      caches.deployments.assume(found)
    }
  }

  /** All that is ours; labels and annotations of others stay, and what controllers wrote. */
  async #replace(observed: PoolObserved, { name, uid, replicas }: { name: string; uid: string; replicas: number }) {
    const { client, caches } = this.#options
    const place = { resource: 'Deployment', namespace: observed.pool.metadata.namespace, name } as const
    const live = await client.get<AnyObject>(place)
    if (live?.metadata.uid !== uid)
      throw new Fault({
        kind: 'conflict',
        code: 'StaleDeployment',
        message: `cannot change Deployment "${name}": it is another one now`,
      })
    const { metadata, spec } = deploymentOf(observed)
    const merged = {
      ...live,
      metadata: {
        ...live.metadata,
        labels: { ...live.metadata.labels, ...metadata?.labels },
        annotations: { ...live.metadata.annotations, ...metadata?.annotations },
      },
      spec: { ...spec, replicas },
    }
    caches.deployments.assume(await client.replace<AnyObject>(place, merged))
  }

  async #writeStatus({ metadata }: PoolObject, before: unknown, { status }: PoolDecision): Promise<void> {
    const { client, caches } = this.#options
    const { namespace, name, uid, resourceVersion } = metadata
    const place = { resource: 'ETLWorkerPool', namespace, name, subresource: 'status' } as const
    const patch = { metadata: { uid, resourceVersion }, status: withRemovals(before, status) }
    caches.pools.assume(await client.mergePatch<AnyObject>(place, patch))
  }

  async #emit({ metadata }: PoolObject, event: RunEvent): Promise<void> {
    const { client, instance, now, newId } = this.#options
    try {
      const about = { kind: 'ETLWorkerPool', ...metadata } as const
      await client.create('Event', eventObject({ about, event, instance, now: now(), id: newId() }))
    } catch (thrown) {
      this.#options.onLostEvent(asFault(thrown))
    }
  }
}

/** @throws Fault defect: no rule acts before these are known */
function deploymentOf({ pool, storage, nats, defaults }: PoolObserved) {
  if (storage !== undefined && nats !== undefined) return workersDeployment({ pool, storage, nats, defaults })
  throw new Fault({
    kind: 'defect',
    code: 'Defect',
    message: `cannot render the workers of ETLWorkerPool "${pool.metadata.name}": its storage or the broker is not known`,
  })
}

const taken = (namespace: string, name: string): Fault =>
  new Fault({
    kind: 'denied',
    code: 'NameTaken',
    message: `cannot create Deployment "${namespace}/${name}": one of that name belongs to somebody else; delete it`,
  })
