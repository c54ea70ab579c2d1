// Keeps a copy of all objects of one kind: list, then watch, for ever.
//
// R1 A change is never missed: a watch continues at the last seen version, and any doubt (410, a broken line) ends in a new list.
// R2 No relist storm: only 410 and doubts list again, everything else resumes the watch; all with jittered, growing waits.
// R3 No silent stall: a watch without any event or bookmark for `idleMs` is cut and resumed.
// R4 A relist tells differences only: added, changed and vanished objects, by resourceVersion.
import { Fault } from '../../base/index.ts'
import { ApiFault, isStatus } from './api-fault.ts'
import type { KubeApi } from './client.ts'
import { type KubeObject, keyOf, type ObjectPlace, type ResourceName } from './resource.ts'
import { watchEvents } from './watch-lines.ts'

/** `before` is absent for a new object, `after` for a deleted one. */
export type Change<T> = { key: string; before?: T; after?: T }

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeApi
  resource: ResourceName
  namespace?: string
  labelSelector?: string
  /** Where the copies are kept: those of several namespaces share one. */
  objects?: Map<string, T>
  /** What is kept of an object: memory is bounded by it. */
  keep: (object: T) => T
  onChange: (change: Change<T>) => void
  /** Told of what went wrong before it is tried again. */
  onTrouble?: (fault: Fault, waitMs: number) => void
  pageSize?: number
  idleMs?: number
  minWaitMs?: number
  maxWaitMs?: number
  random: () => number
}

export class Reflector<T extends KubeObject> {
  readonly objects: Map<string, T>
  readonly #options: ReflectorOptions<T>
  #version = ''
  #failures = 0
  #lastHeard = 0
  #lists = 0
  #watches = 0
  #synced: () => void = () => {}
  /** Resolves after the first complete list. */
  readonly synced: Promise<void> = new Promise((resolve) => {
    this.#synced = resolve
  })

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.objects = options.objects ?? new Map()
  }

  /** Numbers for metrics: lists and watches begun, and when something was last heard (performance.now()). */
  get health(): { lists: number; watches: number; lastHeard: number; objects: number } {
    return { lists: this.#lists, watches: this.#watches, lastHeard: this.#lastHeard, objects: this.objects.size }
  }

  /** Runs until the signal is aborted; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === '') await this.#list()
        await this.#watchOnce(signal)
        // The server ends a watch every few minutes; one that is ended at once must not become a busy loop (R2).
        await pause(this.#options.minWaitMs ?? 200, signal)
      } catch (thrown) {
        if (signal.aborted) return
        await this.#recover(thrown, signal)
      }
    }
  }

  async #list(): Promise<void> {
    const { client, resource, namespace, labelSelector, pageSize = 500 } = this.#options
    this.#lists += 1
    const seen = new Map<string, T>()
    let continueToken: string | undefined
    let version = ''
    do {
      const page = await client.list<T>(resource, {
        limit: pageSize,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(continueToken === undefined ? {} : { continueToken }),
      })
      for (const object of page.items) seen.set(keyOf(object), object)
      continueToken = page.metadata.continue === '' ? undefined : page.metadata.continue
      version = page.metadata.resourceVersion ?? ''
    } while (continueToken !== undefined)
    const mine = namespace === undefined ? '' : `${namespace}/`
    for (const key of [...this.objects.keys()]) if (key.startsWith(mine) && !seen.has(key)) this.#forget(key)
    for (const object of seen.values()) this.#remember(object)
    this.#version = version
    this.#failures = 0
    this.#lastHeard = performance.now()
    this.#synced()
  }

  async #watchOnce(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, labelSelector, idleMs = 120_000 } = this.#options
    this.#watches += 1
    const place: ObjectPlace = { resource, ...(namespace === undefined ? {} : { namespace }) }
    const query: Record<string, string> = {
      resourceVersion: this.#version,
      allowWatchBookmarks: 'true',
      timeoutSeconds: '290',
    }
    if (labelSelector !== undefined) query['labelSelector'] = labelSelector
    const watchdog = new AbortController()
    const idle = () =>
      watchdog.abort(
        new ApiFault({
          status: 0,
          code: 'WatchIdle',
          message: `cannot watch ${resource}: nothing heard for ${idleMs / 1000} s`,
        }),
      )
    let timer = setTimeout(idle, idleMs)
    try {
      const lines = await client.watch(place, query, AbortSignal.any([signal, watchdog.signal]))
      for await (const event of watchEvents<T>(lines)) {
        clearTimeout(timer)
        timer = setTimeout(idle, idleMs)
        this.#take(event)
      }
    } catch (thrown) {
      throw watchdog.signal.aborted ? watchdog.signal.reason : thrown
    } finally {
      clearTimeout(timer)
    }
  }

  #take(event: Parameters<typeof this.apply>[0]): void {
    this.#lastHeard = performance.now()
    this.#failures = 0
    this.apply(event)
  }

  /** One watch event; public so that tests can feed any order of events. @throws ApiFault for an ERROR event */
  apply(event: { type: string; object: unknown }): void {
    if (event.type === 'ERROR') {
      const {
        code = 500,
        reason = 'WatchError',
        message = '',
      } = event.object as { code?: number; reason?: string; message?: string }
      throw new ApiFault({ status: code, code: reason, message: `cannot watch ${this.#options.resource}: ${message}` })
    }
    const object = event.object as T
    this.#version = object.metadata.resourceVersion ?? this.#version
    if (event.type === 'DELETED') this.#forget(keyOf(object))
    else if (event.type !== 'BOOKMARK') this.#remember(object)
  }

  /**
   * Takes the server's answer to a write of our own before the watch tells it, so that the next look does not see the
   * past. An event that is older than what is known changes nothing.
   */
  assume(object: T): void {
    this.#remember(object)
  }

  #remember(object: T): void {
    const key = keyOf(object)
    const before = this.objects.get(key)
    if (before !== undefined && !isNewer(object, before)) return
    const after = this.#options.keep(object)
    this.objects.set(key, after)
    this.#options.onChange({ key, ...(before === undefined ? {} : { before }), after })
  }

  #forget(key: string): void {
    const before = this.objects.get(key)
    if (before === undefined) return
    this.objects.delete(key)
    this.#options.onChange({ key, before })
  }

  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    const { onTrouble, minWaitMs = 200, maxWaitMs = 30_000, random } = this.#options
    const doubtful = isStatus(thrown, 410) || (thrown instanceof ApiFault && thrown.code === 'BadWatchLine')
    if (doubtful) this.#version = ''
    this.#failures += 1
    const grown = Math.min(maxWaitMs, minWaitMs * 2 ** (this.#failures - 1))
    const asked = thrown instanceof ApiFault ? (thrown.retryAfterMs ?? 0) : 0
    const waitMs = Math.max(asked, grown * (0.5 + random() / 2))
    const fault =
      thrown instanceof Fault
        ? thrown
        : new ApiFault({
            status: 0,
            code: 'WatchBroken',
            message: `cannot watch ${this.#options.resource}: ${String(thrown)}`,
            cause: thrown,
          })
    onTrouble?.(fault, waitMs)
    await pause(waitMs, signal)
  }
}

/** Resource versions of one kind grow (KEP-5504); another uid is another object. */
function isNewer(object: KubeObject, known: KubeObject): boolean {
  if (object.metadata.uid !== known.metadata.uid) return true
  const [next = '', last = ''] = [object.metadata.resourceVersion, known.metadata.resourceVersion]
  if (!/^\d+$/.test(next) || !/^\d+$/.test(last)) return next !== last
  return BigInt(next) > BigInt(last)
}

/** Waits, or until the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
