// One operator process in the simulation: its real caches, observer, decider and applier, fed with changes late, doubled,
// and resource by resource out of step, and killed before or after any write.
import { pino } from 'pino'
import {
  Applier,
  Caches,
  type KubeApi,
  type KubeObject,
  type LeaseSource,
  Observer,
  type ResourceName,
} from '../../src/effects/index.ts'
import { OperatorMetrics } from '../../src/operator/metrics.ts'
import { reconciler } from '../../src/operator/reconciler.ts'
import type { ModelApiServer } from './model/api-server.ts'

export class Crash extends Error {
  override readonly name = 'Crash'
}

/** Asked around every write; true = the process dies here. */
export type CrashHere = (write: string, when: 'before' | 'after') => boolean

const METRICS = new OperatorMetrics()
const SILENT = pino({ level: 'silent' })

export interface ReplicaOptions {
  api: ModelApiServer
  now: () => number
  crashHere: CrashHere
  nextId: () => string
  /** A bug put in on purpose. */
  bug?: (api: KubeApi) => KubeApi
  leases?: () => LeaseSource | undefined
}

export class Replica {
  readonly queue = new Set<string>()
  /** When to look at a key again, in simulated ms. */
  readonly later = new Map<string, number>()
  dead = false
  readonly #api: ModelApiServer
  readonly #now: () => number
  readonly #caches: Caches
  readonly #look: (key: string) => Promise<number | undefined>
  readonly #cursors = new Map<ResourceName, number>()

  constructor({ api, now, crashHere, nextId, leases = () => undefined, bug = (sound) => sound }: ReplicaOptions) {
    this.#api = api
    this.#now = now
    const client = bug(this.#mortal(api, crashHere))
    this.#caches = new Caches({ client, onRun: (key) => this.queue.add(key), onTrouble: () => {}, random: () => 0.5 })
    const observer = new Observer({ caches: this.#caches, client, now, leases })
    const applier = new Applier({
      caches: this.#caches,
      client,
      defaults: { image: 'loom' },
      leases,
      instance: 'sim',
      now,
      newId: nextId,
      onLostEvent: () => {},
    })
    this.#look = reconciler({ observer, applier, metrics: METRICS, log: SILENT })
    this.#list()
  }

  /** By its own clock. */
  now(): number {
    return this.#now()
  }

  /** Resources with changes that this replica has not seen. */
  behind(): ResourceName[] {
    return (Object.keys(this.#caches.reflectors) as ResourceName[]).filter(
      (resource) => this.#next(resource) !== undefined,
    )
  }

  /** Delivers the next change of a resource; sometimes an old one again. */
  deliver(resource: ResourceName, again: boolean): void {
    const index = again ? this.#last(resource) : this.#next(resource)
    if (index === undefined) return
    const change = this.#api.changes[index]
    if (change === undefined) return
    if (!again) this.#cursors.set(resource, index + 1)
    if (again && change.type === 'DELETED') return
    this.#caches.reflectors[resource]?.apply({ type: change.type, object: change.object })
  }

  /** One look at one run. @returns what went wrong, if it did */
  async look(key: string): Promise<unknown> {
    this.queue.delete(key)
    this.later.delete(key)
    try {
      const again = await this.#look(key)
      if (again !== undefined) this.later.set(key, this.#now() + again)
      return undefined
    } catch (thrown) {
      this.queue.add(key)
      return thrown
    }
  }

  #list(): void {
    for (const [resource, reflector] of Object.entries(this.#caches.reflectors)) {
      for (const object of this.#api.all(resource as ResourceName)) {
        if (this.#concerns(resource as ResourceName, object)) reflector.apply({ type: 'ADDED', object })
      }
      this.#cursors.set(resource as ResourceName, this.#api.changes.length)
    }
  }

  #concerns(resource: ResourceName, object: KubeObject): boolean {
    return resource.startsWith('ETL') || object.metadata.labels?.['app.kubernetes.io/managed-by'] === 'loom-operator'
  }

  #next(resource: ResourceName): number | undefined {
    const { changes } = this.#api
    for (let i = this.#cursors.get(resource) ?? 0; i < changes.length; i++) {
      const change = changes[i]
      if (change?.resource === resource && this.#concerns(resource, change.object)) return i
    }
    return undefined
  }

  #last(resource: ResourceName): number | undefined {
    const before = this.#cursors.get(resource) ?? 0
    const index = this.#api.changes.slice(0, before).findLastIndex((change) => change.resource === resource)
    return index < 0 ? undefined : index
  }

  #mortal(api: ModelApiServer, crashHere: CrashHere): KubeApi {
    const alive = () => {
      if (this.dead) throw new Crash('dead')
    }
    const read =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        alive()
        return await call(...args)
      }
    const write = async <R>(name: string, call: () => Promise<R>): Promise<R> => {
      alive()
      this.#dieIf(crashHere(name, 'before'))
      const result = await call()
      this.#dieIf(crashHere(name, 'after'))
      return result
    }
    return {
      get: read(api.get.bind(api)) as KubeApi['get'],
      list: read(api.list.bind(api)) as KubeApi['list'],
      watch: () => api.watch(),
      create: (resource, object) => write(`create ${resource}`, () => api.create(resource, object)),
      replace: (place, object) => write(`replace ${place.resource}`, () => api.replace(place, object)),
      mergePatch: (place, patch) =>
        write(`patch ${place.resource}${place.subresource ?? ''}`, () => api.mergePatch(place, patch)),
      delete: (place, options) => write(`delete ${place.resource}`, () => api.delete(place, options)),
    }
  }

  #dieIf(dies: boolean): void {
    if (!dies) return
    this.dead = true
    throw new Crash('killed')
  }
}
