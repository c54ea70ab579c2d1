// Keeps a copy of all objects of one kind: list, then watch, for ever.
//
// R1 A change is never missed: a watch continues at the last seen version, and any doubt (410, a broken line) ends in a new list.
// R2 No relist storm: only 410 and doubts list again, everything else resumes the watch; all with jittered waits that grow
//    until a watch brings something (for lists: until a watch lasts).
// R3 No silent stall: a watch without any event or bookmark for `idleMs` is cut and resumed.
// R4 A relist tells differences only: added, changed and vanished objects, by resourceVersion.
// R5 The picture never goes back: what is older than what is known, or than where the watch stands, changes nothing.
import { Fault } from '../../base/index.ts'
import { ApiFault, isStatus } from './api-fault.ts'
import type { KubeApi } from './client.ts'
import { pause } from './pause.ts'
import { type KubeObject, keyOf, type ObjectPlace, type ResourceName } from './resource.ts'
import { covers, isLater } from './resource-version.ts'
import { watchEvents } from './watch-lines.ts'

/** `before` is absent for a new object, `after` for a deleted one. */
export type Change<T> = { key: string; before?: T; after?: T }

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeApi
  resource: ResourceName
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
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
  /** In a row, without any event between. */
  #failures = 0
  /** Lists that became necessary in a row, without a watch between that lasted. */
  #doubts = 0
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

  /** undefined: all. */
  get namespace(): string | undefined {
    return this.#options.namespace
  }

  /** Numbers for metrics: lists and watches begun, and when something was last heard (performance.now()). */
  get health(): { lists: number; watches: number; lastHeard: number; objects: number } {
    return { lists: this.#lists, watches: this.#watches, lastHeard: this.#lastHeard, objects: this.objects.size }
  }

  /** Runs until the signal is aborted; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    while (!signal.aborted) {
      try {
        // Nobody who stops waits for an answer.
        if (this.#version === '') await Promise.race([this.#list(signal), aborted])
        if (signal.aborted) return
        await this.#watchOnce(signal)
        await pause(this.#options.minWaitMs ?? MIN_WAIT_MS, signal)
      } catch (thrown) {
        if (signal.aborted) return
        await this.#recover(thrown, signal)
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector, pageSize = 500 } = this.#options
    this.#lists += 1
    const seen = new Map<string, T>()
    let continueToken: string | undefined
    let version = ''
    do {
      const page = await client.list<T>(resource, {
        limit: pageSize,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        ...(continueToken === undefined ? {} : { continueToken }),
      })
      if (signal.aborted) return
      // Kept at once: thousands of whole objects would be held at the same time.
      for (const object of page.items) seen.set(keyOf(object), this.#options.keep(object))
      continueToken = page.metadata.continue === '' ? undefined : page.metadata.continue
      version = page.metadata.resourceVersion ?? ''
    } while (continueToken !== undefined)
    const mine = namespace === undefined ? '' : `${namespace}/`
    // What was assumed while the list was made is none of its business.
    for (const [key, known] of [...this.objects])
      if (key.startsWith(mine) && !seen.has(key) && !isLater(known.metadata.resourceVersion, version)) this.#forget(key)
    for (const object of seen.values()) this.#remember(object, (kept) => kept)
    this.#version = version
    this.#lastHeard = performance.now()
    this.#synced()
  }

  async #watchOnce(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector, idleMs = 120_000 } = this.#options
    this.#watches += 1
    const place: ObjectPlace = { resource, ...(namespace === undefined ? {} : { namespace }) }
    const query: Record<string, string> = {
      resourceVersion: this.#version,
      allowWatchBookmarks: 'true',
      timeoutSeconds: '290',
    }
    if (labelSelector !== undefined) query['labelSelector'] = labelSelector
    if (fieldSelector !== undefined) query['fieldSelector'] = fieldSelector
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
    const begun = performance.now()
    let heard = false
    try {
      const lines = await client.watch(place, query, AbortSignal.any([signal, watchdog.signal]))
      for await (const event of watchEvents<T>(lines)) {
        clearTimeout(timer)
        timer = setTimeout(idle, idleMs)
        this.#take(event)
        heard = true
      }
      if (!heard && performance.now() - begun < SHORT_MS) throw endedAtOnce(resource)
    } catch (thrown) {
      throw watchdog.signal.aborted ? watchdog.signal.reason : thrown
    } finally {
      clearTimeout(timer)
      if (performance.now() - begun > (this.#options.maxWaitMs ?? MAX_WAIT_MS)) this.#failures = this.#doubts = 0
    }
  }

  #take(event: Parameters<typeof this.apply>[0]): void {
    this.#lastHeard = performance.now()
    this.apply(event)
    this.#failures = 0
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
    if (event.type === 'DELETED') this.#forgetUpTo(object)
    else if (event.type !== 'BOOKMARK') this.#remember(object)
  }

  /**
   * Takes the server's answer to a write of our own before the watch tells it, so that the next look does not see the
   * past. Up to where the watch stands all has been told: an object that old is known already, or it has been deleted
   * since, and taking it would bring it back for good (R5).
   */
  assume(object: T): void {
    if (!covers(this.#version, object.metadata.resourceVersion)) this.#remember(object)
  }

  #remember(object: T, keep = this.#options.keep): void {
    const key = keyOf(object)
    const before = this.objects.get(key)
    if (before !== undefined && covers(before.metadata.resourceVersion, object.metadata.resourceVersion)) return
    const after = keep(object)
    this.objects.set(key, after)
    this.#options.onChange({ key, ...(before === undefined ? {} : { before }), after })
  }

  /** Another one of that name may have been made and assumed since (R5). */
  #forgetUpTo(object: T): void {
    const known = this.objects.get(keyOf(object))?.metadata.resourceVersion
    if (!isLater(known, object.metadata.resourceVersion)) this.#forget(keyOf(object))
  }

  #forget(key: string): void {
    const before = this.objects.get(key)
    if (before === undefined) return
    this.objects.delete(key)
    this.#options.onChange({ key, before })
  }

  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    const fault = thrown instanceof Fault ? thrown : brokenWatch(this.#options.resource, thrown)
    if (isStatus(fault, 410) || fault.code === 'BadWatchLine') {
      this.#version = ''
      this.#doubts += 1
    }
    this.#failures += 1
    const waitMs = this.#waitMs(fault)
    this.#options.onTrouble?.(fault, waitMs)
    await pause(waitMs, signal)
  }

  #waitMs(fault: Fault): number {
    const { minWaitMs = MIN_WAIT_MS, maxWaitMs = MAX_WAIT_MS, random } = this.#options
    const grown = Math.min(maxWaitMs, minWaitMs * 2 ** (Math.max(this.#failures, this.#doubts) - 1))
    const asked = fault instanceof ApiFault ? (fault.retryAfterMs ?? 0) : 0
    // Whoever asks for an hour would get a silent stall (R3).
    return Math.max(Math.min(asked, MOST_ASKED_MS), grown * (0.5 + random() / 2))
  }
}

const MIN_WAIT_MS = 200
const MAX_WAIT_MS = 30_000
const MOST_ASKED_MS = 60_000
/** A watch that ends sooner, with nothing said, was not one. */
const SHORT_MS = 1_000

function endedAtOnce(resource: string): ApiFault {
  const message = `cannot watch ${resource}: the API server ended it at once`
  return new ApiFault({ status: 0, code: 'WatchEndedAtOnce', message })
}

function brokenWatch(resource: string, cause: unknown): ApiFault {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ApiFault({ status: 0, code: 'WatchBroken', message: `cannot watch ${resource}: ${why}`, cause })
}
