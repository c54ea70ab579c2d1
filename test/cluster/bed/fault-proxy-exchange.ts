// One request through the fault proxy and its answer back, with at most one fault.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { text } from 'node:stream/consumers'
import type { Agent, Dispatcher } from 'undici'
import { type Fault, type RequestKind, statusBody } from './fault-proxy-faults.ts'
import { pause } from './wait.ts'

export type ProxyRequest = IncomingMessage | Http2ServerRequest
export type ProxyResponse = ServerResponse | Http2ServerResponse

/** These belong to a connection, not to the message; HTTP/2 forbids them. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'content-length', 'host']

export interface ExchangeParts {
  readonly kind: RequestKind
  readonly request: ProxyRequest
  readonly response: ProxyResponse
  readonly upstream: Agent
  readonly origin: string
}

export class Exchange {
  readonly kind: RequestKind
  readonly #parts: ExchangeParts
  readonly #gone = new AbortController()
  #isHeld = false
  #isOpen = false
  #isEnded = false

  constructor(parts: ExchangeParts) {
    this.kind = parts.kind
    this.#parts = parts
    parts.response.on('close', () => this.#gone.abort())
    parts.response.on('error', () => this.#gone.abort())
  }

  /** The answer's head has gone out, its end has not. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#gone.signal.aborted
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  /** The client was given a proper end. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  get socket(): unknown {
    return this.#parts.request.socket
  }

  /** The client sees its stream break: the connection with HTTP/1.1, a reset of this stream with HTTP/2. */
  cut(): void {
    const { response } = this.#parts
    if ('stream' in response) response.stream?.destroy(new Error('cut'))
    else response.destroy()
    this.#gone.abort()
  }

  end(): void {
    this.#isEnded = true
    this.#parts.response.end()
    this.#gone.abort()
  }

  /** Resolves when it is over. */
  async run(fault: Fault | undefined): Promise<void> {
    switch (fault?.do) {
      case 'refuse':
        return this.#refuse(fault)
      case 'cutBefore':
        return this.cut()
      case 'hold':
        return await this.#hold()
      case 'delayRequest':
        await pause(fault.ms)
        return await this.#pass(await this.#ask())
      case 'delayAnswer': {
        const answer = await this.#ask()
        await pause(fault.ms)
        return await this.#pass(answer)
      }
      case 'delayBody': {
        const answer = await this.#ask()
        this.#head(answer)
        await pause(fault.ms)
        return await this.#body(answer)
      }
      case 'loseAnswer':
        await (await this.#ask()).body.dump()
        return this.cut()
      case 'halfBody':
        return await this.#half(await this.#ask(), fault.cut)
      case 'shortenWatch':
        return await this.#pass(await this.#ask({ timeoutSeconds: String(fault.seconds) }))
      case 'holdWatch':
      case 'cutWatch':
      case 'expireWatch':
      case 'garbleWatch':
        return await this.#disturbWatch(await this.#ask(), fault)
      case undefined:
        return await this.#pass(await this.#ask())
    }
  }

  #refuse({ status, retryAfter, body }: Extract<Fault, { do: 'refuse' }>): void {
    writeHead(this.#parts.response, status, {
      'content-type': body === undefined ? 'application/json' : 'text/html',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    })
    this.#parts.response.end(body ?? JSON.stringify(statusBody(status)))
  }

  async #hold(): Promise<void> {
    this.#isHeld = true
    const { signal } = this.#gone
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }

  async #ask(otherQuery: Record<string, string> = {}): Promise<Dispatcher.ResponseData> {
    const { request, upstream, origin } = this.#parts
    const body = await text(request)
    const url = new URL(request.url ?? '/', origin)
    for (const [name, value] of Object.entries(otherQuery)) url.searchParams.set(name, value)
    return await upstream.request({
      origin,
      path: url.pathname + url.search,
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: sound(request.headers),
      body: body === '' ? null : body,
      signal: this.#gone.signal,
    })
  }

  #head({ statusCode, headers }: Dispatcher.ResponseData): void {
    writeHead(this.#parts.response, statusCode, sound(headers))
    this.#isOpen = true
  }

  async #pass(answer: Dispatcher.ResponseData): Promise<void> {
    this.#head(answer)
    await this.#body(answer)
  }

  async #body({ body }: Dispatcher.ResponseData): Promise<void> {
    for await (const chunk of body) await this.#write(chunk)
    this.#parts.response.end()
  }

  /** Waits while the client reads more slowly than the server sends. */
  async #write(chunk: Uint8Array | string): Promise<void> {
    const { response } = this.#parts
    const { promise, resolve } = Promise.withResolvers<void>()
    const flowing = 'stream' in response ? response.stream.write(chunk) : response.write(chunk)
    if (flowing) return
    const source = 'stream' in response ? response.stream : response
    source.once('drain', resolve)
    this.#gone.signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
  }

  async #half(answer: Dispatcher.ResponseData, cut: boolean): Promise<void> {
    const whole = await answer.body.text()
    this.#head(answer)
    await this.#write(whole.slice(0, whole.length / 2))
    if (cut) this.cut()
    else this.end()
  }

  async #disturbWatch(
    answer: Dispatcher.ResponseData,
    fault: Extract<Fault, { do: 'holdWatch' | 'cutWatch' | 'expireWatch' | 'garbleWatch' }>,
  ): Promise<void> {
    this.#head(answer)
    let left = fault.lines
    let rest = ''
    const decoder = new TextDecoder()
    if (left > 0 || (fault.do === 'cutWatch' && fault.inLine === true)) {
      for await (const chunk of answer.body) {
        rest += decoder.decode(chunk, { stream: true })
        let end = rest.indexOf('\n')
        for (; end >= 0 && left > 0; end = rest.indexOf('\n')) {
          await this.#write(rest.slice(0, end + 1))
          rest = rest.slice(end + 1)
          left -= 1
        }
        if (left === 0 && (fault.do !== 'cutWatch' || fault.inLine !== true || rest !== '')) break
      }
    } else answer.body.destroy()
    await this.#spoil(fault, rest)
  }

  async #spoil(fault: Fault, rest: string): Promise<void> {
    switch (fault.do) {
      case 'holdWatch':
        return await this.#hold()
      case 'cutWatch':
        if (fault.inLine === true) await this.#write(rest.slice(0, Math.max(1, (rest.indexOf('\n') + 1) / 2)))
        // The half line must have left before the stream breaks.
        await pause(20)
        return this.cut()
      case 'expireWatch':
        await this.#write(`${JSON.stringify({ type: 'ERROR', object: statusBody(410) })}\n`)
        return this.end()
      case 'garbleWatch':
        await this.#write(`${fault.line}\n`)
        return this.end()
    }
  }
}

/** HTTP/2 sends a head at once, HTTP/1.1 with the first byte of the body unless told. */
function writeHead(response: ProxyResponse, status: number, headers: Record<string, string | string[]>): void {
  if ('stream' in response) {
    response.writeHead(status, headers)
    return
  }
  response.writeHead(status, headers)
  response.flushHeaders()
}

function sound(headers: Record<string, string | string[] | undefined>): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(':') && !HOP_BY_HOP.includes(name)) kept[name] = value
  return kept
}
