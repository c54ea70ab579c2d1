// Copies of all objects that runs depend on, as far as they are needed (kept.ts), and which run each belongs to.
import { LABELS, MANAGED_SELECTOR, textAt } from '../reconcile/index.ts'
import { type AnyObject, jobStub, podStub, presence, runOrStub, withoutHistory } from './kept.ts'
import type { Change, KubeApi, ReflectorOptions } from './kube/index.ts'
import { Reflectors, type ResourceName } from './kube/index.ts'

export interface CachesOptions {
  client: KubeApi
  /** Absent or empty: all namespaces. */
  namespaces?: readonly string[]
  /** A run to look at (again): `namespace/name`. */
  onRun: (key: string) => void
  onTrouble: NonNullable<ReflectorOptions<AnyObject>['onTrouble']>
  random: () => number
}

/** Whole objects that are held at the same time while a list is made, for each kind. */
const PAGE_SIZE = 200

const OWNED = ['Job', 'Pod', 'ConfigMap'] as const
type OwnedName = (typeof OWNED)[number]

export class Caches {
  readonly runs: Reflectors<AnyObject>
  readonly pipelines: Reflectors<AnyObject>
  readonly storages: Reflectors<AnyObject>
  readonly owned: Record<OwnedName, Reflectors<AnyObject>>
  readonly #onRun: (key: string) => void
  readonly #runByUid = new Map<string, string>()
  readonly #ownedByRun: Record<OwnedName, Map<string, Set<string>>> = {
    Job: new Map(),
    Pod: new Map(),
    ConfigMap: new Map(),
  }

  constructor({ client, namespaces = [], onRun, onTrouble, random }: CachesOptions) {
    this.#onRun = onRun
    const reflect = (
      resource: ResourceName,
      more: Pick<ReflectorOptions<AnyObject>, 'keep' | 'onChange'> & { labelSelector?: string },
    ) =>
      new Reflectors<AnyObject>({
        client,
        resource,
        onTrouble,
        random,
        namespaces,
        pageSize: PAGE_SIZE,
        ...more,
      })
    this.runs = reflect('ETLRun', { keep: runOrStub, onChange: (change) => this.#runChanged(change) })
    this.pipelines = reflect('ETLPipeline', {
      keep: withoutHistory,
      onChange: (change) => this.#referenceChanged(change, 'pipelineRef'),
    })
    this.storages = reflect('ETLStorage', {
      keep: withoutHistory,
      onChange: (change) => this.#referenceChanged(change, 'storageRef'),
    })
    const own = (resource: OwnedName, keep: (object: AnyObject) => AnyObject) =>
      reflect(resource, {
        labelSelector: MANAGED_SELECTOR,
        keep,
        onChange: (change) => this.#ownedChanged(resource, change),
      })
    this.owned = {
      Job: own('Job', jobStub),
      Pod: own('Pod', podStub),
      ConfigMap: own('ConfigMap', presence),
    }
  }

  get reflectors(): Record<string, Reflectors<AnyObject>> {
    return { ETLRun: this.runs, ETLPipeline: this.pipelines, ETLStorage: this.storages, ...this.owned }
  }

  /** Runs all reflectors until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Object.values(this.reflectors).map((reflector) => reflector.run(signal)))
  }

  async synced(): Promise<void> {
    await Promise.all(Object.values(this.reflectors).map((reflector) => reflector.synced))
  }

  /** The cached objects that carry the run's uid as a label. */
  ownedBy(resource: OwnedName, runUid: string): AnyObject[] {
    const keys = this.#ownedByRun[resource].get(runUid) ?? new Set()
    return [...keys].map((key) => this.owned[resource].objects.get(key)).filter((object) => object !== undefined)
  }

  #runChanged({ key, before, after }: Change<AnyObject>): void {
    if (before?.metadata.uid !== undefined) this.#runByUid.delete(before.metadata.uid)
    if (after?.metadata.uid !== undefined) this.#runByUid.set(after.metadata.uid, key)
    this.#onRun(key)
  }

  #ownedChanged(resource: OwnedName, { key, before, after }: Change<AnyObject>): void {
    const index = this.#ownedByRun[resource]
    const [old, now] = [runUidOf(before), runUidOf(after)]
    // The label may have been changed by hand: the run that lost the object looks as well.
    if (old !== undefined && old !== now) {
      const keys = index.get(old)
      keys?.delete(key)
      if (keys?.size === 0) index.delete(old)
    }
    if (now !== undefined) index.set(now, (index.get(now) ?? new Set()).add(key))
    for (const uid of new Set([old, now])) {
      const run = uid === undefined ? undefined : this.#runByUid.get(uid)
      if (run !== undefined) this.#onRun(run)
    }
  }

  /** Only runs that have not started look at what they refer to. */
  #referenceChanged({ key }: Change<AnyObject>, field: 'pipelineRef' | 'storageRef'): void {
    const [namespace = '', name = ''] = key.split('/')
    for (const [runKey, run] of this.runs.objects) {
      if (run.metadata.namespace !== namespace || textAt(run, 'status', 'startedAt') !== undefined) continue
      const referred = textAt(run, 'spec', field, 'name') ?? (field === 'storageRef' ? 'default' : undefined)
      if (referred === name) this.#onRun(runKey)
    }
  }
}

const runUidOf = (object: AnyObject | undefined): string | undefined => object?.metadata.labels?.[LABELS.runUid]
