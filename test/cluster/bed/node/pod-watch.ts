// The pods that are bound to one node, as they come, change and go. After a cut it lists anew and tells what went meanwhile.

import type { Api, WatchEvent } from '../api.ts'
import { pause } from '../wait.ts'
import type { Pod } from './pod.ts'

export interface PodListener {
  readonly seen: (pod: Pod) => void
  readonly gone: (uid: string) => void
}

interface PodList {
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly Pod[]
}

export class PodWatch {
  readonly #api: Api
  readonly #query: string
  readonly #listener: PodListener
  readonly #known = new Set<string>()
  #stop = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(api: Api, node: string, listener: PodListener) {
    this.#api = api
    this.#query = `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`
    this.#listener = listener
  }

  start(): void {
    this.#stop = new AbortController()
    this.#loop = this.#follow(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#loop
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const version = await this.#listAll()
        const path = `${this.#query}&watch=true&resourceVersion=${version}`
        await this.#api.watch<Pod>(path, (event) => this.#take(event), signal)
      } catch {
        // The API server is away, or the watch was cut or too old: all the same, list again.
        if (!signal.aborted) await pause(100)
      }
    }
  }

  async #listAll(): Promise<string> {
    const list = await this.#api.get<PodList>(this.#query)
    const present = new Set(list.items.map((pod) => pod.metadata.uid ?? ''))
    for (const uid of this.#known) if (!present.has(uid)) this.#forget(uid)
    for (const pod of list.items) this.#see(pod)
    return list.metadata.resourceVersion
  }

  #take({ type, object }: WatchEvent<Pod>): void {
    if (type === 'ERROR') throw new Error('the watch ended with an error')
    if (type === 'ADDED' || type === 'MODIFIED') this.#see(object)
    if (type === 'DELETED') this.#forget(object.metadata.uid ?? '')
  }

  #see(pod: Pod): void {
    this.#known.add(pod.metadata.uid ?? '')
    this.#listener.seen(pod)
  }

  #forget(uid: string): void {
    this.#known.delete(uid)
    this.#listener.gone(uid)
  }
}
