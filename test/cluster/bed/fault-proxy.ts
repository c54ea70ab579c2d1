// A reverse proxy in front of the API server that injects faults on request, and counts what goes through it.
//
// client ─TCP─▶ gate ─TLS (HTTP/1.1 or 2, as the API server speaks)─▶ proxy ─TLS─▶ API server
//
// 1. The gate knows connections and no requests: it can cut them all or freeze them (no byte either way, nothing closed).
// 2. The proxy knows requests: rules say what happens to those of a verb and resource. Nothing is changed without a rule.
// 3. Certificate and tokens are the API server's own: a client differs by the URL in its kubeconfig only.

import { readFileSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Agent } from 'undici'
import type { ControlPlane } from './control-plane.ts'
import { makeUser, type User } from './credentials.ts'
import { Exchange, type ProxyRequest, type ProxyResponse } from './fault-proxy-exchange.ts'
import { type Fault, type Match, matches, type RequestKind, requestKind } from './fault-proxy-faults.ts'

export interface RuleOptions extends Match {
  /** How many requests it is for; absent: all, until it is lifted. */
  readonly times?: number
  /** Chance of each request to meet it, 0..1; needs the proxy's `random`. */
  readonly chance?: number
}

/** A rule in force. */
export interface Rule {
  /** Requests that met it. */
  readonly met: number
  lift(): void
}

interface ActiveRule extends RuleOptions {
  readonly fault: Fault
  met: number
}

export interface FaultProxyOptions {
  /** For rules with a chance. */
  readonly random?: () => number
  /** False: HTTP/1.1 only. */
  readonly http2?: boolean
}

export async function startFaultProxy(plane: ControlPlane, options: FaultProxyOptions = {}): Promise<FaultProxy> {
  const proxy = new FaultProxy(plane, options)
  await proxy.listen()
  plane.stopFirst(() => proxy.stop())
  return proxy
}

export class FaultProxy implements AsyncDisposable {
  /** Every request so far, in order. */
  readonly requests: RequestKind[] = []
  readonly #plane: ControlPlane
  readonly #random: () => number
  readonly #upstream: Agent
  readonly #server: Http2SecureServer
  readonly #gate: Server
  readonly #links = new Set<{ client: Socket; inner: Socket }>()
  readonly #sockets = new Set<TLSSocket>()
  readonly #exchanges = new Set<Exchange>()
  #rules: ActiveRule[] = []
  #connections = 0
  #http2Sessions = 0

  constructor(plane: ControlPlane, { random = () => 1, http2 = true }: FaultProxyOptions) {
    this.#plane = plane
    this.#random = random
    const { cert, key } = plane.serverCertificate
    this.#upstream = new Agent({
      connections: 128,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ca: plane.ca },
    })
    this.#server = createSecureServer({
      cert: readFileSync(cert),
      key: readFileSync(key),
      allowHTTP1: true,
      ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    })
    this.#server.on('request', (request, response) => void this.#take(request, response))
    this.#server.on('session', () => {
      this.#http2Sessions += 1
    })
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#gate = createServer((client) => this.#join(client))
  }

  get url(): string {
    return `https://127.0.0.1:${portOf(this.#gate)}`
  }

  /** TCP connections that clients have opened so far, and how many of them spoke HTTP/2. */
  get connections(): { opened: number; http2: number } {
    return { opened: this.#connections, http2: this.#http2Sessions }
  }

  /** Path of a kubeconfig that leads a user of the control plane through the proxy. */
  kubeconfig(user: User = this.#plane.admin): string {
    const name = `${user.name}-by-proxy-${portOf(this.#gate)}`
    return makeUser(this.#plane.folder, { url: this.url, ca: this.#plane.ca }, { name, token: user.token }).kubeconfig
  }

  /** How many requests came, since the `mark`-th. */
  count(match: Match = {}, mark = 0): number {
    return this.requests.slice(mark).filter((request) => matches(match, request)).length
  }

  /** Puts a rule in force; of several that fit a request the oldest is taken. */
  inject(fault: Fault, options: RuleOptions = {}): Rule {
    const rule: ActiveRule = { ...options, fault, met: 0 }
    this.#rules.push(rule)
    return {
      get met() {
        return rule.met
      },
      lift: () => {
        this.#rules = this.#rules.filter((other) => other !== rule)
      },
    }
  }

  /** No more rules; what is held by one is cut. */
  heal(): void {
    this.#rules = []
    for (const exchange of this.#exchanges) if (exchange.isHeld) exchange.cut()
  }

  /** Watches that are open. */
  openWatches(match: Match = {}): number {
    return this.#watches(match).length
  }

  /** Cuts open watches: the client sees its stream break. @returns how many */
  cutWatches(match: Match = {}): number {
    const watches = this.#watches(match)
    for (const watch of watches) watch.cut()
    return watches.length
  }

  /** Ends open watches as the API server does, with a whole last line. */
  endWatches(match: Match = {}): number {
    const watches = this.#watches(match)
    for (const watch of watches) watch.end()
    return watches.length
  }

  /** Cuts all connections, idle ones too. */
  cutConnections(): void {
    for (const { client, inner } of this.#links) {
      client.destroy()
      inner.destroy()
    }
  }

  /** Closes the connections that nobody uses now, as a server does with keep-alive ones. */
  closeIdleConnections(): void {
    const busy = new Set([...this.#exchanges].map(({ socket }) => socket))
    for (const socket of this.#sockets) if (!busy.has(socket)) socket.end()
  }

  /** From now on no byte passes on the connections of this moment, and none is closed. New ones are sound. */
  freezeConnections(): void {
    for (const { client, inner } of this.#links) {
      client.unpipe(inner).pause()
      inner.unpipe(client).pause()
    }
  }

  async listen(): Promise<void> {
    await Promise.all(
      [this.#server, this.#gate].map(
        (server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve())),
      ),
    )
  }

  async stop(): Promise<void> {
    this.cutConnections()
    this.#gate.close()
    this.#server.close()
    await this.#upstream.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #watches(match: Match): Exchange[] {
    return [...this.#exchanges].filter(({ kind, isOpen }) => isOpen && kind.verb === 'watch' && matches(match, kind))
  }

  #join(client: Socket): void {
    this.#connections += 1
    const inner = connect(portOf(this.#server), '127.0.0.1')
    const link = { client, inner }
    this.#links.add(link)
    for (const [here, there] of [
      [client, inner],
      [inner, client],
    ] as const) {
      here.setNoDelay(true)
      here.on('error', () => there.destroy())
      here.on('close', () => {
        there.destroy()
        this.#links.delete(link)
      })
      here.pipe(there)
    }
  }

  async #take(request: ProxyRequest, response: ProxyResponse): Promise<void> {
    const kind = requestKind(request.method ?? 'GET', request.url ?? '/')
    this.requests.push(kind)
    const exchange = new Exchange({ kind, request, response, upstream: this.#upstream, origin: this.#plane.url })
    this.#exchanges.add(exchange)
    try {
      await exchange.run(this.#faultFor(kind))
    } catch {
      // Either side has gone away: what is left for the client is a broken stream, unless it has its end.
      if (!exchange.isEnded) exchange.cut()
    } finally {
      this.#exchanges.delete(exchange)
    }
  }

  #faultFor(kind: RequestKind): Fault | undefined {
    const rule = this.#rules.find(
      (candidate) =>
        matches(candidate, kind) &&
        (candidate.times === undefined || candidate.met < candidate.times) &&
        (candidate.chance === undefined || this.#random() < candidate.chance),
    )
    if (rule !== undefined) rule.met += 1
    return rule?.fault
  }
}

const portOf = (server: { address(): string | AddressInfo | null }): number => (server.address() as AddressInfo).port
