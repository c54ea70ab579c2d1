// The few requests that the operator makes, each one line at the caller. It does not retry: whoever asks knows what a
// repetition means, and the work queue has the back-off.
import { ApiFault, faultOf, isStatus, saysAbsent, unreadable } from './api-fault.ts'
import type { Connection, HttpRequest } from './connection.ts'
import { type KubeObject, type ObjectPlace, pathOf, RESOURCES, type ResourceName } from './resource.ts'

export interface ObjectList<T> {
  items: T[]
  metadata: { resourceVersion?: string; continue?: string }
}

/** Told of every request that got an answer, or none (code 0). */
export type RequestObserver = (request: { verb: string; resource: ResourceName; code: number; seconds: number }) => void

export interface DeleteOptions {
  uid?: string
  resourceVersion?: string
  graceSeconds?: number
  propagation?: 'Background' | 'Foreground' | 'Orphan'
}

/** An object that is to be made. */
export interface NewObject {
  metadata?: { name?: string; namespace?: string }
}

export interface ListOptions {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continueToken?: string
  resourceVersion?: string
}

/** What the operator asks of Kubernetes; the crash simulation has a model of it. */
export interface KubeApi {
  get<T extends KubeObject>(place: ObjectPlace): Promise<T | undefined>
  list<T extends KubeObject>(resource: ResourceName, options?: ListOptions): Promise<ObjectList<T>>
  create<T extends KubeObject>(resource: ResourceName, object: NewObject): Promise<T>
  replace<T extends KubeObject>(place: ObjectPlace, object: T): Promise<T>
  mergePatch<T extends KubeObject>(place: ObjectPlace, patch: object): Promise<T>
  delete(place: ObjectPlace, options?: DeleteOptions): Promise<void>
  watch(place: ObjectPlace, query: Record<string, string>, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

/** The API server gives up a request after a minute by itself; then nobody will answer any more. */
const DEADLINE_MS = 65_000

export class KubeClient implements KubeApi {
  readonly #connection: Connection
  readonly #observe: RequestObserver
  readonly #deadlineMs: number

  /** `deadlineMs`: until the whole answer must be there; watches have none. */
  constructor(connection: Connection, observe: RequestObserver = () => {}, deadlineMs: number = DEADLINE_MS) {
    this.#connection = connection
    this.#observe = observe
    this.#deadlineMs = deadlineMs
  }

  /** undefined when there is no such object, and the API server itself says so. */
  async get<T extends KubeObject>(place: ObjectPlace): Promise<T | undefined> {
    try {
      return (await this.#json('get', place, { method: 'GET', path: pathOf(place) })) as T
    } catch (thrown) {
      if (saysAbsent(thrown, place.name)) return undefined
      throw thrown
    }
  }

  async list<T extends KubeObject>(resource: ResourceName, options: ListOptions = {}): Promise<ObjectList<T>> {
    const place = { resource, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) }
    const query: Record<string, string> = {}
    if (options.labelSelector !== undefined) query['labelSelector'] = options.labelSelector
    if (options.fieldSelector !== undefined) query['fieldSelector'] = options.fieldSelector
    if (options.limit !== undefined) query['limit'] = String(options.limit)
    if (options.continueToken !== undefined) query['continue'] = options.continueToken
    if (options.resourceVersion !== undefined) query['resourceVersion'] = options.resourceVersion
    const found = (await this.#json('list', place, { method: 'GET', path: pathOf(place), query })) as ObjectList<T>
    if (!Array.isArray(found.items)) throw unreadable(describe('list', place), 'the answer is no list')
    return found
  }

  /** @throws ApiFault 409 AlreadyExists */
  async create<T extends KubeObject>(resource: ResourceName, object: NewObject): Promise<T> {
    const { apiVersion, kind } = RESOURCES[resource]
    const namespace = object.metadata?.namespace
    const place = { resource, ...(namespace === undefined ? {} : { namespace }) }
    const body = JSON.stringify({ ...object, apiVersion, kind })
    return (await this.#json('create', place, { method: 'POST', path: pathOf(place), body })) as T
  }

  /** Replaces the object, or its status; its resourceVersion must be the stored one. @throws ApiFault 409 Conflict */
  async replace<T extends KubeObject>(place: ObjectPlace, object: T): Promise<T> {
    const { apiVersion, kind } = RESOURCES[place.resource]
    const body = JSON.stringify({ ...object, apiVersion, kind })
    return (await this.#json('update', place, { method: 'PUT', path: pathOf(place), body })) as T
  }

  /** JSON merge patch (RFC 7396); give a resourceVersion in it to make it conditional. */
  async mergePatch<T extends KubeObject>(place: ObjectPlace, patch: object): Promise<T> {
    const request = {
      method: 'PATCH',
      path: pathOf(place),
      body: JSON.stringify(patch),
      contentType: 'application/merge-patch+json',
    } as const
    return (await this.#json('patch', place, request)) as T
  }

  /** An object that is gone already, or is another one than `uid` says, counts as deleted. */
  async delete(place: ObjectPlace, options: DeleteOptions = {}): Promise<void> {
    const body = JSON.stringify({
      propagationPolicy: options.propagation ?? 'Background',
      ...(options.graceSeconds === undefined ? {} : { gracePeriodSeconds: options.graceSeconds }),
      preconditions: { uid: options.uid, resourceVersion: options.resourceVersion },
    })
    try {
      await this.#json('delete', place, { method: 'DELETE', path: pathOf(place), body })
    } catch (thrown) {
      if (saysAbsent(thrown, place.name) || (isStatus(thrown, 409) && options.uid !== undefined)) return
      throw thrown
    }
  }

  /** The raw lines of a watch. @throws ApiFault when the server refuses it */
  async watch(
    place: ObjectPlace,
    query: Record<string, string>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const request: HttpRequest = {
      method: 'GET',
      path: pathOf(place),
      query: { ...query, watch: 'true' },
      signal,
      bodyTimeoutMs: 0,
    }
    const response = await this.#send('watch', place, request)
    if (response.statusCode === 200) return response.body
    throw faultOf(describe('watch', place), {
      status: response.statusCode,
      body: await response.body.text(),
      retryAfter: retryAfter(response.headers),
    })
  }

  async #json(verb: string, place: ObjectPlace, request: HttpRequest): Promise<unknown> {
    const what = describe(verb, place)
    const deadline = new AbortController()
    const late = () => deadline.abort(unreadable(what, `no whole answer within ${this.#deadlineMs / 1000} s`))
    const timer = setTimeout(late, this.#deadlineMs)
    try {
      const response = await this.#send(verb, place, { ...request, signal: deadline.signal })
      const body = await bodyOf(what, response.body)
      if (response.statusCode >= 200 && response.statusCode < 300) return objectIn(what, body)
      throw faultOf(what, { status: response.statusCode, body, retryAfter: retryAfter(response.headers) })
    } finally {
      clearTimeout(timer)
    }
  }

  async #send(verb: string, place: ObjectPlace, request: HttpRequest) {
    const started = performance.now()
    const done = (code: number) =>
      this.#observe({ verb, resource: place.resource, code, seconds: (performance.now() - started) / 1000 })
    try {
      const response = await this.#connection.send(request)
      done(response.statusCode)
      return response
    } catch (thrown) {
      done(0)
      throw thrown
    }
  }
}

async function bodyOf(what: string, body: { text(): Promise<string> }): Promise<string> {
  try {
    return await body.text()
  } catch (cause) {
    if (cause instanceof ApiFault) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ApiFault({ status: 0, code: 'AnswerCut', message: `cannot ${what}: the answer broke off: ${why}`, cause })
  }
}

/** What stands between may answer anything with 200, and no bug of ours is to be concluded from that. */
function objectIn(what: string, body: string): unknown {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch (cause) {
    throw unreadable(what, 'the answer is no JSON; look at what stands between here and the API server', cause)
  }
  const { metadata } = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as { metadata?: unknown }
  if (typeof metadata === 'object' && metadata !== null) return parsed
  throw unreadable(what, 'the answer is no object of Kubernetes')
}

function describe(verb: string, { resource, namespace, name }: ObjectPlace): string {
  const scope = namespace === undefined ? '' : `${namespace}/`
  return `${verb} ${resource} "${scope}${name ?? '*'}"`
}

function retryAfter(headers: Record<string, string | string[] | undefined>): string | undefined {
  const value = headers['retry-after']
  return Array.isArray(value) ? value[0] : value
}
