// One copy of all objects of a kind, of the whole cluster or of some namespaces. With rights in single namespaces only, a list of
// all is forbidden: then each namespace has a reflector of its own, and all of them keep their objects in one map.
import { Reflector, type ReflectorOptions } from './reflector.ts'
import type { KubeObject } from './resource.ts'

export interface ReflectorsOptions<T extends KubeObject> extends Omit<ReflectorOptions<T>, 'namespace' | 'objects'> {
  /** Empty: the whole cluster. */
  namespaces: readonly string[]
}

export class Reflectors<T extends KubeObject> {
  /** By `namespace/name`. */
  readonly objects = new Map<string, T>()
  readonly #each: readonly [Reflector<T>, ...Reflector<T>[]]

  constructor({ namespaces, ...options }: ReflectorsOptions<T>) {
    const reflect = (place: { namespace?: string }) => new Reflector<T>({ ...options, ...place, objects: this.objects })
    const [first, ...others] = [...new Set(namespaces)].map((namespace) => reflect({ namespace }))
    this.#each = [first ?? reflect({}), ...others]
  }

  /** Resolves after the first complete list of every namespace. */
  get synced(): Promise<unknown> {
    return Promise.all(this.#each.map(({ synced }) => synced))
  }

  /** Numbers for metrics; of the watch that was heard of least recently. */
  get health(): { lastHeard: number; objects: number } {
    return { lastHeard: Math.min(...this.#each.map(({ health }) => health.lastHeard)), objects: this.objects.size }
  }

  /** Runs until the signal is aborted; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#each.map((reflector) => reflector.run(signal)))
  }

  /** Takes the server's answer to a write of our own; see Reflector.assume. */
  assume(object: T): void {
    this.#of(object.metadata.namespace).assume(object)
  }

  /** One watch event; public so that tests can feed any order of events. @throws ApiFault for an ERROR event */
  apply(event: { type: string; object: unknown }): void {
    this.#of((event.object as Partial<T>).metadata?.namespace).apply(event)
  }

  /** Each namespace has a watch of its own, which stands at a version of its own. */
  #of(namespace: string | undefined): Reflector<T> {
    return this.#each.find((reflector) => reflector.namespace === namespace) ?? this.#each[0]
  }
}
