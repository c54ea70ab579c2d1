// A model of the Kubernetes API server, as far as the operator uses it: objects with uid, resourceVersion and generation,
// optimistic writes, finalizers, label selectors, and the log of all changes, from which watches are fed. Time comes in.
import { isSameJson } from '../../../src/base/index.ts'
import {
  ApiFault,
  type DeleteOptions,
  type KubeApi,
  type KubeObject,
  keyOf,
  type ListOptions,
  type NewObject,
  type ObjectList,
  type ObjectPlace,
  RESOURCES,
  type ResourceName,
} from '../../../src/effects/index.ts'

export interface ModelChange {
  resource: ResourceName
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: KubeObject
}

export type ModelObject = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> }

const STATUS_SUBRESOURCE: readonly ResourceName[] = ['ETLRun', 'Job', 'Pod']

export class ModelApiServer implements KubeApi {
  /** Every change, in order: a watch is a reader of this log. Objects are never changed in place. */
  readonly changes: ModelChange[] = []
  readonly #objects = new Map<ResourceName, Map<string, ModelObject>>()
  readonly #now: () => number
  #version = 0
  #uids = 0
  readonly #uidPrefix: string

  constructor(now: () => number, uidPrefix = 'uid') {
    this.#now = now
    this.#uidPrefix = uidPrefix
    for (const resource of Object.keys(RESOURCES)) this.#objects.set(resource as ResourceName, new Map())
  }

  all(resource: ResourceName): ModelObject[] {
    return [...this.#of(resource).values()]
  }

  /** Stored as it is, whatever it is: what somebody else has made, of another version, or by hand. */
  put(resource: ResourceName, object: ModelObject): void {
    this.#store(resource, this.#of(resource).has(keyOf(object)) ? 'MODIFIED' : 'ADDED', object)
  }

  async get<T extends KubeObject>(place: ObjectPlace): Promise<T | undefined> {
    // Such a path leads nowhere: that says nothing of an object.
    if (place.name?.includes('/') === true) throw refusal(404, 'NotFound', 'the server could not find that')
    return this.#find(place) as T | undefined
  }

  async list<T extends KubeObject>(resource: ResourceName, options: ListOptions = {}): Promise<ObjectList<T>> {
    const wanted = (options.labelSelector ?? '')
      .split(',')
      .filter((term) => term !== '')
      .map((term) => term.split('='))
    const items = this.all(resource)
      .filter(
        ({ metadata }) =>
          (options.namespace === undefined || metadata.namespace === options.namespace) &&
          wanted.every(([key = '', value]) => metadata.labels?.[key] === value),
      )
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    return {
      items: items as KubeObject[] as T[],
      metadata: { resourceVersion: String(this.#version) },
    }
  }

  async create<T extends KubeObject>(resource: ResourceName, object: NewObject): Promise<T> {
    const made = { ...object } as ModelObject
    const uid = `${this.#uidPrefix}-${++this.#uids}`
    made.metadata = { ...made.metadata, uid, generation: 1, creationTimestamp: new Date(this.#now()).toISOString() }
    if (STATUS_SUBRESOURCE.includes(resource)) made.status = resource === 'ETLRun' ? { observedGeneration: -1 } : {}
    const key = keyOf(made)
    if (this.#of(resource).has(key)) throw refusal(409, 'AlreadyExists', `${resource} "${key}" already exists`)
    return this.#store(resource, 'ADDED', made) as KubeObject as T
  }

  async replace<T extends KubeObject>(place: ObjectPlace, object: T): Promise<T> {
    const stored = this.#existing(place)
    this.#checkVersion(stored, object.metadata.resourceVersion)
    checkImmutable(stored, object)
    return this.#store(place.resource, 'MODIFIED', {
      ...(object as KubeObject as ModelObject),
      metadata: { ...object.metadata, uid: stored.metadata.uid ?? '' },
    }) as KubeObject as T
  }

  async mergePatch<T extends KubeObject>(place: ObjectPlace, patch: object): Promise<T> {
    const stored = this.#existing(place)
    const {
      metadata = {},
      spec,
      status,
    } = patch as { metadata?: Partial<KubeObject['metadata']>; spec?: object; status?: object }
    this.#checkVersion(stored, metadata.resourceVersion)
    if (metadata.uid !== undefined && metadata.uid !== stored.metadata.uid)
      throw refusal(422, 'Invalid', 'the uid can not be changed')
    checkImmutable(stored, patch)
    const next = { ...stored }
    if (place.subresource === 'status') next.status = merged(stored.status ?? {}, status ?? {})
    else {
      const { uid: _uid, resourceVersion: _version, ...settable } = metadata
      next.metadata = { ...stored.metadata, ...settable }
      next.spec = merged(stored.spec ?? {}, spec ?? {})
      if (!isSameJson(next.spec, stored.spec ?? {})) next.metadata.generation = (stored.metadata.generation ?? 0) + 1
    }
    if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0)
      return this.#letGo(place.resource, stored, next) as KubeObject as T
    return this.#store(place.resource, 'MODIFIED', next) as KubeObject as T
  }

  async delete(place: ObjectPlace, options: DeleteOptions = {}): Promise<void> {
    const stored = this.#find(place)
    if (stored === undefined || (options.uid !== undefined && stored.metadata.uid !== options.uid)) return
    const keeps = (stored.metadata.finalizers ?? []).length > 0 || (place.resource === 'Pod' && !isEnded(stored))
    if (!keeps) {
      this.#remove(place.resource, stored)
      return
    }
    if (stored.metadata.deletionTimestamp !== undefined) return
    this.#store(place.resource, 'MODIFIED', {
      ...stored,
      metadata: {
        ...stored.metadata,
        generation: (stored.metadata.generation ?? 0) + 1,
        deletionTimestamp: new Date(this.#now()).toISOString(),
      },
    })
  }

  /** The simulation hands out changes itself, late and in its own order. */
  watch(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('the model is read through `changes`')
  }

  /** What controllers and kubelets write. */
  writeStatus(resource: ResourceName, object: ModelObject, status: Record<string, unknown>): void {
    const stored = this.#find({ resource, ...placeOf(object) })
    if (stored?.metadata.uid === object.metadata.uid && stored !== undefined)
      this.#store(resource, 'MODIFIED', { ...stored, status: { ...stored.status, ...status } })
  }

  /** Gone at once, whatever holds it: a kubelet's last word on a pod, or a lost node. */
  forceDelete(resource: ResourceName, object: ModelObject): void {
    const stored = this.#find({ resource, ...placeOf(object) })
    if (stored !== undefined && stored.metadata.uid === object.metadata.uid) this.#remove(resource, stored)
  }

  #of(resource: ResourceName): Map<string, ModelObject> {
    const objects = this.#objects.get(resource)
    if (objects === undefined) throw new Error(`the model knows no ${resource}`)
    return objects
  }

  #find({ resource, namespace, name }: ObjectPlace): ModelObject | undefined {
    return this.#of(resource).get(`${namespace ?? ''}/${name}`)
  }

  #existing(place: ObjectPlace): ModelObject {
    const stored = this.#find(place)
    if (stored === undefined) throw refusal(404, 'NotFound', `${place.resource} "${place.name}" not found`)
    return stored
  }

  #checkVersion(stored: ModelObject, version: string | undefined): void {
    if (version !== undefined && version !== stored.metadata.resourceVersion)
      throw refusal(409, 'Conflict', 'the object has been modified')
  }

  #store(resource: ResourceName, type: 'ADDED' | 'MODIFIED', object: ModelObject): ModelObject {
    const before = this.#of(resource).get(keyOf(object))
    const unversioned = ({ metadata, ...rest }: ModelObject) => ({
      ...rest,
      metadata: { ...metadata, resourceVersion: '' },
    })
    if (before !== undefined && isSameJson(unversioned(before), unversioned(object))) return before
    const stored = frozen({ ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } })
    this.#of(resource).set(keyOf(stored), stored)
    this.changes.push({ resource, type, object: stored })
    return stored
  }

  /** The last finalizer is off: the answer is the object without it, the watch tells of it as it was stored last. */
  #letGo(resource: ResourceName, stored: ModelObject, next: ModelObject): ModelObject {
    this.#remove(resource, stored)
    const { finalizers: _none, ...metadata } = next.metadata
    return { ...next, metadata: { ...metadata, resourceVersion: stored.metadata.resourceVersion ?? '' } }
  }

  #remove(resource: ResourceName, object: ModelObject): ModelObject {
    const last = frozen({ ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } })
    this.#of(resource).delete(keyOf(object))
    this.changes.push({ resource, type: 'DELETED', object: last })
    return last
  }
}

export const isEnded = (pod: ModelObject): boolean =>
  pod.status?.['phase'] === 'Succeeded' || pod.status?.['phase'] === 'Failed'

export const placeOf = ({ metadata: { namespace, name } }: KubeObject) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
})

function checkImmutable(stored: object, next: object): void {
  const [before, after] = [stored, next].map((object) => (object as { data?: object }).data)
  if (!('immutable' in stored) || after === undefined || isSameJson(before, after)) return
  throw refusal(422, 'Invalid', 'the data of an immutable ConfigMap can not be changed')
}

function refusal(status: number, code: string, why: string): ApiFault {
  return new ApiFault({ status, code, message: `cannot do that: ${why}` })
}

/** Everybody is handed what is stored, and whoever changes it in place is told so. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const key of Object.keys(value)) frozen((value as Record<string, unknown>)[key])
  return Object.freeze(value)
}

/** RFC 7396. */
function merged(target: object, patch: object): Record<string, unknown> {
  const result: Record<string, unknown> = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    const before = result[key]
    if (value === null) delete result[key]
    else if (isMap(value)) result[key] = merged(isMap(before) ? before : {}, value)
    else result[key] = value
  }
  return result
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
