// A plain client of the API server for tests: JSON in, JSON out, one pool of connections per credential. It is apart from the
// operator's own client on purpose: a fault in that one must not be able to hide itself.

import { Agent } from 'undici'

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
}

/** Any Kubernetes object; a caller that knows its kind gives the type. */
export interface Kube {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}

/** The API server said no. `reason` is the one of its Status object. */
export class ApiError extends Error {
  readonly status: number
  readonly reason: string

  constructor(request: string, status: number, answer: { message?: string; reason?: string }) {
    super(`${request} gave ${status}: ${answer.message ?? 'no message'}`)
    this.status = status
    this.reason = answer.reason ?? ''
  }
}

export interface Answer<T> {
  readonly body: T
  /** Texts of the Warning headers (deprecated fields, pod security, unknown fields). */
  readonly warnings: readonly string[]
}

interface Send {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal
}

export type PatchType = 'merge' | 'strategic-merge' | 'json' | 'apply'

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  'strategic-merge': 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export interface ApiOptions {
  readonly url: string
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string
  readonly token: string
}

export class Api {
  readonly #options: ApiOptions
  readonly #agent: Agent

  constructor(options: ApiOptions) {
    this.#options = options
    this.#agent = new Agent({
      connections: 64,
      // Requests over HTTP/2 hang when the API server sends GOAWAY, as it does when it is restarted.
      allowH2: false,
      connect: { ca: options.ca },
      bodyTimeout: 0,
      headersTimeout: 60_000,
    })
  }

  async get<T = Kube>(path: string): Promise<T> {
    return (await this.request<T>({ method: 'GET', path })).body
  }

  /** Undefined where nothing of that name exists. */
  async find<T = Kube>(path: string): Promise<T | undefined> {
    return await orUndefined(this.get<T>(path))
  }

  async list<T = Kube>(path: string): Promise<readonly T[]> {
    return (await this.get<{ items: T[] }>(path)).items
  }

  async create<T = Kube>(path: string, body: unknown): Promise<T> {
    return (await this.request<T>({ method: 'POST', path, body })).body
  }

  async replace<T = Kube>(path: string, body: unknown): Promise<T> {
    return (await this.request<T>({ method: 'PUT', path, body })).body
  }

  async patch<T = Kube>(path: string, body: unknown, type: PatchType = 'merge'): Promise<T> {
    return (await this.request<T>({ method: 'PATCH', path, body, contentType: PATCH_TYPES[type] })).body
  }

  /** Deletes; what is not there is fine. */
  async delete(path: string, options?: unknown): Promise<void> {
    await orUndefined(this.request({ method: 'DELETE', path, ...(options === undefined ? {} : { body: options }) }))
  }

  /** Hands over the events of one watch until the server ends it or `signal` does. */
  async watch<T>(path: string, take: (event: WatchEvent<T>) => void, signal: AbortSignal): Promise<void> {
    const answer = await this.#send({ method: 'GET', path, signal })
    let rest = ''
    answer.body.setEncoding('utf8')
    for await (const chunk of answer.body) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) take(JSON.parse(line) as WatchEvent<T>)
    }
  }

  async request<T>(send: Send): Promise<Answer<T>> {
    const answer = await this.#send(send)
    const warnings = [answer.headers['warning'] ?? []].flat().map((text) => text.replace(/^299 - "(.*)"$/, '$1'))
    return { body: parsed(await answer.body.text()) as T, warnings }
  }

  async text(path: string): Promise<string> {
    return await (await this.#send({ method: 'GET', path })).body.text()
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #send({ method, path, body, contentType, signal }: Send) {
    const answer = await this.#agent.request({
      origin: this.#options.url,
      path,
      method,
      headers: {
        authorization: `Bearer ${this.#options.token}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    })
    if (answer.statusCode < 400) return answer
    throw new ApiError(`${method} ${path}`, answer.statusCode, statusOf(await answer.body.text()))
  }
}

function parsed(text: string): unknown {
  return text === '' ? {} : JSON.parse(text)
}

function statusOf(text: string): { message?: string; reason?: string } {
  try {
    return JSON.parse(text) as { message?: string; reason?: string }
  } catch {
    return { message: text.slice(0, 500) }
  }
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
