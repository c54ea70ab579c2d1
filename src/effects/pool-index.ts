// Which pools a changed object concerns: their Deployments, their workers' pods, the storage that they serve.
import { LABELS, storageNameOf } from '../reconcile/index.ts'
import type { AnyObject } from './kept.ts'
import type { Change } from './kube/index.ts'
import { readPool } from './read-pool.ts'

export interface PoolIndexOptions {
  pools: ReadonlyMap<string, AnyObject>
  pods: ReadonlyMap<string, AnyObject>
  /** A pool to look at (again): `namespace/name`. */
  onPool: (key: string) => void
}

export class PoolIndex {
  readonly #options: PoolIndexOptions
  readonly #poolByUid = new Map<string, string>()
  readonly #podsByPool = new Map<string, Set<string>>()

  constructor(options: PoolIndexOptions) {
    this.#options = options
  }

  /** The cached pods of the pool's workers. */
  workersOf(poolUid: string): AnyObject[] {
    const keys = this.#podsByPool.get(poolUid) ?? new Set()
    return [...keys].map((key) => this.#options.pods.get(key)).filter((pod) => pod !== undefined)
  }

  poolChanged({ key, before, after }: Change<AnyObject>): void {
    if (before?.metadata.uid !== undefined) this.#poolByUid.delete(before.metadata.uid)
    if (after?.metadata.uid !== undefined) this.#poolByUid.set(after.metadata.uid, key)
    this.#options.onPool(key)
  }

  deploymentChanged({ before, after }: Change<AnyObject>): void {
    this.#look(poolUidOf(after ?? before))
  }

  podChanged({ key, before, after }: Change<AnyObject>): void {
    const uid = poolUidOf(after ?? before)
    if (uid === undefined) return
    const keys = this.#podsByPool.get(uid) ?? new Set()
    if (after === undefined) keys.delete(key)
    else keys.add(key)
    if (keys.size === 0) this.#podsByPool.delete(uid)
    else this.#podsByPool.set(uid, keys)
    this.#look(uid)
  }

  storageChanged({ key: storage }: Change<AnyObject>): void {
    const [namespace = '', name = ''] = storage.split('/')
    for (const [key, raw] of this.#options.pools) {
      if (raw.metadata.namespace === namespace && storageNameOf(readPool(raw).spec) === name) this.#options.onPool(key)
    }
  }

  #look(uid: string | undefined): void {
    const key = uid === undefined ? undefined : this.#poolByUid.get(uid)
    if (key !== undefined) this.#options.onPool(key)
  }
}

/** A step's pod may have any labels that its run gives it, but not this component. */
function poolUidOf(object: AnyObject | undefined): string | undefined {
  const { labels = {} } = object?.metadata ?? {}
  return labels[LABELS.component] === 'worker' ? labels[LABELS.poolUid] : undefined
}
