// One pooled connection to the API server. client-node reads the kubeconfig and knows every way to authenticate; its own
// HTTP client would open a TLS connection per request, so requests go through one undici pool.
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type Dispatcher } from 'undici'
import { firstLine } from '../../base/index.ts'
import { ApiFault } from './api-fault.ts'
import { type KubeconfigChoice, loadKubeconfig } from './kubeconfig.ts'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Record<string, string>
  body?: string
  contentType?: string
  signal?: AbortSignal
  /** Milliseconds without any byte of the answer's body; 0 = no limit (watches have their own watchdog). */
  bodyTimeoutMs?: number
}

export interface Connection {
  /** @throws ApiFault (status 0) when no answer comes */
  send(request: HttpRequest): Promise<Dispatcher.ResponseData>
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string
  /** URL of the API server. */
  readonly server: string
  close(): Promise<void>
}

export interface ConnectionOptions extends KubeconfigChoice {
  /** Sockets at most; watches take one each. */
  connections?: number
  /** Milliseconds until the answer's headers must be there. */
  headersTimeoutMs?: number
}

/** How long a read credential is used before it is read again: in-cluster tokens are renewed on disk. */
const CREDENTIALS_MS = 30_000

/** @throws Fault what loadKubeconfig throws */
export function connect(options: ConnectionOptions = {}): Connection {
  return new PooledConnection(options)
}

class PooledConnection implements Connection {
  readonly namespace: string
  readonly server: string
  #config: KubeConfig
  readonly #options: ConnectionOptions
  #agent: Agent | undefined
  #tls = ''
  #headers: Record<string, string> = {}
  #readAt = Number.NEGATIVE_INFINITY
  #isRefused = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#config = loadKubeconfig(options)
    const config = this.#config
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? 'default'
    this.server = config.getCurrentCluster()?.server ?? ''
  }

  async send(request: HttpRequest): Promise<Dispatcher.ResponseData> {
    const first = await this.#sendOnce(request)
    if (first.statusCode !== 401) return first
    // The token may just have been renewed: read it again, once. client-node holds on to what it has read, so it is to
    // read anew from the start. What the refusal says does not matter.
    await first.body.dump().catch(() => {})
    this.#readAt = Number.NEGATIVE_INFINITY
    this.#isRefused = true
    return await this.#sendOnce(request)
  }

  async close(): Promise<void> {
    await this.#agent?.destroy()
  }

  async #sendOnce(request: HttpRequest): Promise<Dispatcher.ResponseData> {
    const agent = await this.#freshAgent()
    const server = this.#config.getCurrentCluster()?.server ?? ''
    const url = new URL(server.replace(/\/$/, '') + request.path)
    for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value)
    try {
      return await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: {
          ...this.#headers,
          accept: 'application/json',
          'user-agent': 'loom-operator',
          ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        },
        body: request.body ?? null,
        signal: request.signal ?? null,
        bodyTimeout: request.bodyTimeoutMs ?? 60_000,
      })
    } catch (cause) {
      if (request.signal?.aborted) throw request.signal.reason
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new ApiFault({
        status: 0,
        code: 'NoAnswer',
        message: `cannot reach the API server at ${url.origin}: ${why}`,
        cause,
      })
    }
  }

  /** @throws ApiFault NoCredentials: a token file that is just being replaced, a login program that fails; it passes */
  async #credentials(): Promise<RequestOptions> {
    const read: RequestOptions = {}
    try {
      if (this.#isRefused) this.#config = loadKubeconfig(this.#options)
      this.#isRefused = false
      await this.#config.applyToHTTPSOptions(read)
      return read
    } catch (cause) {
      const why = firstLine(cause instanceof Error ? cause.message : String(cause))
      throw new ApiFault({
        status: 0,
        code: 'NoCredentials',
        message: `cannot read the credentials for the API server: ${why}`,
        cause,
      })
    }
  }

  async #freshAgent(): Promise<Agent> {
    if (this.#agent !== undefined && performance.now() - this.#readAt < CREDENTIALS_MS) return this.#agent
    const read = await this.#credentials()
    this.#headers = authorization(read)
    this.#readAt = performance.now()
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = read
    const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }
    const fingerprint = JSON.stringify(tls)
    if (this.#agent === undefined || fingerprint !== this.#tls) {
      const old = this.#agent
      this.#agent = new Agent({
        // With HTTP/2, requests of a connection that the API server asks to leave (GOAWAY: each time it is restarted) hang
        // in undici 8.12, past its own time limits; and one dead connection would hold up everything.
        allowH2: false,
        connections: this.#options.connections ?? 32,
        headersTimeout: this.#options.headersTimeoutMs ?? 30_000,
        keepAliveTimeout: 60_000,
        connect: { ...definedOnly(tls), timeout: 10_000 },
      })
      this.#tls = fingerprint
      void old?.close()
    }
    return this.#agent
  }
}

function authorization(read: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(read.headers ?? {})) if (typeof value === 'string') headers[name] = value
  if (typeof read.auth === 'string') headers['authorization'] = `Basic ${Buffer.from(read.auth).toString('base64')}`
  return headers
}

const definedOnly = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Partial<T>
