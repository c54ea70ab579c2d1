// A broker that is a NATS server. The client library is loaded when the first one is opened.
//
// N1 A connection that is lost is sought for ever, with pauses that grow to two seconds; credentials are read anew each time.
// N2 What can't be sent now is refused, not kept: whoever asks decides what is still true once the connection is back.
// N3 An answer goes to an inbox of the namespace that asked, never to another subject that a client names.
import { setTimeout } from 'node:timers/promises'
import type { ConnectionOptions, Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import { asFault, type Fault } from '../base/index.ts'
import type { Broker, BrokerState } from './broker.ts'
import { denied, noAnswer, unreachable } from './broker-faults.ts'
import { type BrokerSettings, readCredentials } from './broker-settings.ts'
import { NatsLogin } from './nats-login.ts'
import { seldom } from './seldom.ts'
import { mayAnswerAt } from './subjects.ts'

export interface NatsOptions extends BrokerSettings {
  /** As the server's own pages show the client. */
  name: string
  /** Where answers arrive (subjects.ts); the default is open to every client. */
  inboxPrefix?: string
  /** Told of failures, of each at most once a minute, and never of credentials. */
  warn: (message: string) => void
}

type Library = typeof import('@nats-io/transport-node')

/** Two that are not answered, and the connection is taken for dead: after about nine seconds. */
const PING_MS = 3_000
const HANDSHAKE_MS = 5_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000
/** What was published last gets so long to leave before the connection is closed. */
const FLUSH_MS = 500

/**
 * Starts to connect and returns: requests before that throw BrokerUnreachable.
 * @throws Fault missing CredentialsNotFound, invalid CredentialsIncomplete
 */
export async function openNatsBroker(options: NatsOptions): Promise<Broker> {
  if (options.credentials !== undefined) readCredentials(options.credentials)
  return new NatsBroker(options, await import('@nats-io/transport-node'))
}

interface Listening {
  subject: string
  hear: (message: Msg) => void
  /** Undefined while there is no connection, or when the server has refused it. */
  subscription?: Subscription | undefined
}

class NatsBroker implements Broker {
  readonly #options: NatsOptions
  readonly #library: Library
  readonly #warn: (message: string) => void
  readonly #login: NatsLogin
  readonly #listening = new Set<Listening>()
  readonly #hearers: ((state: BrokerState) => void)[] = []
  readonly #closed = new AbortController()
  /** Once it was there it is kept: the library connects it again. */
  #connection: NatsConnection | undefined
  #state: BrokerState = 'down'
  #failures = 0
  #pauseMs = FIRST_PAUSE_MS

  constructor(options: NatsOptions, library: Library) {
    this.#options = options
    this.#library = library
    this.#warn = seldom(options.warn, () => performance.now())
    this.#login = new NatsLogin(options, library, this.#warn)
    void this.#stayConnected()
  }

  serve(
    subjects: string[],
    hear: (subject: string, data: Uint8Array, answer: (data: Uint8Array) => void) => void,
  ): () => void {
    const ends = subjects.map((subject) =>
      this.#listen(subject, (message) => {
        const { reply = '' } = message
        if (mayAnswerAt(message.subject, reply))
          hear(message.subject, message.data, (data) => this.publish(reply, data))
      }),
    )
    return () => {
      for (const end of ends) end()
    }
  }

  listen(subject: string, hear: (data: Uint8Array) => void): () => void {
    return this.#listen(subject, ({ data }) => hear(data))
  }

  /** Says nothing when there is no connection (N2). */
  publish(subject: string, data: Uint8Array): void {
    if (this.#state === 'down') return
    try {
      this.#connection?.publish(subject, data)
    } catch (thrown) {
      this.#warn(`cannot publish on "${subject}": ${asFault(thrown).message}`)
    }
  }

  async request(
    subject: string,
    data: Uint8Array,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Uint8Array> {
    const connection = this.#connection
    if (connection === undefined || this.#state === 'down') throw unreachable('there is no connection')
    const given = Promise.withResolvers<never>()
    const giveUp = () => given.reject(new Error('the wait was given up'))
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      if (signal?.aborted === true) giveUp()
      const answer = connection.request(subject, data, { timeout: timeoutMs })
      return (await Promise.race([answer, given.promise])).data
    } catch (thrown) {
      throw this.#requestFault(subject, thrown)
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  onState(hear: (state: BrokerState) => void): void {
    this.#hearers.push(hear)
    hear(this.#state)
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort()
    const connection = this.#connection
    if (connection === undefined || connection.isClosed()) return
    if (this.#state === 'up') {
      const flushed = connection.flush().catch(() => undefined)
      await Promise.race([flushed, pause(FLUSH_MS)])
    }
    await connection.close()
  }

  #listen(subject: string, hear: (message: Msg) => void): () => void {
    const listening: Listening = { subject, hear }
    this.#listening.add(listening)
    if (this.#state === 'up') this.#subscribe(listening)
    return () => {
      this.#listening.delete(listening)
      if (this.#connection?.isClosed() === false) listening.subscription?.unsubscribe()
    }
  }

  #subscribe(listening: Listening): void {
    listening.subscription = this.#connection?.subscribe(listening.subject, {
      callback: (error, message) => {
        if (error === null) listening.hear(message)
        else listening.subscription = undefined // tried again with the next connection
      },
    })
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#closed
    while (!signal.aborted) {
      try {
        this.#connection = await this.#library.connect(this.#connectionOptions())
        if (signal.aborted) return await this.#connection.close()
        await this.#follow(this.#connection)
      } catch (thrown) {
        this.#warn(`cannot connect to the broker: ${asFault(thrown).message}`)
      }
      this.#change('down')
      for (const listening of this.#listening) listening.subscription = undefined
      await pause(this.#nextPause(), signal)
    }
  }

  /** Until the connection is closed for good. */
  async #follow(connection: NatsConnection): Promise<void> {
    const news = connection.status()
    this.#isUp()
    for await (const { type, ...more } of news) {
      if (type === 'disconnect') this.#change('down')
      else if (type === 'reconnecting') this.#nextPause()
      else if (type === 'reconnect') this.#isUp()
      else if (type === 'error' && 'error' in more) this.#warn(`the broker says: ${asFault(more.error).message}`)
    }
  }

  #isUp(): void {
    this.#failures = 0
    this.#pauseMs = FIRST_PAUSE_MS
    // the library subscribes again what the server has not refused
    for (const listening of this.#listening) if (listening.subscription === undefined) this.#subscribe(listening)
    this.#change('up')
  }

  #change(state: BrokerState): void {
    if (state === this.#state) return
    this.#state = state
    for (const hear of this.#hearers) hear(state)
  }

  #nextPause(): number {
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++)
    this.#pauseMs = ceiling / 2 + (Math.random() * ceiling) / 2
    return this.#pauseMs
  }

  #connectionOptions(): ConnectionOptions {
    const { name, servers, inboxPrefix } = this.#options
    const tls = this.#login.tls()
    return {
      servers: [...servers],
      name,
      authenticator: (nonce) => this.#login.authenticate(nonce),
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectDelayHandler: () => this.#pauseMs,
      pingInterval: PING_MS,
      timeout: HANDSHAKE_MS,
      noAsyncTraces: true,
      ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
      ...(tls === undefined ? {} : { tls }),
    }
  }

  #requestFault(subject: string, thrown: unknown): Fault {
    const { errors } = this.#library
    const cause = thrown instanceof errors.RequestError && thrown.cause !== undefined ? thrown.cause : thrown
    if (cause instanceof errors.PermissionViolationError) return denied(subject, cause)
    if (cause instanceof errors.ClosedConnectionError) return unreachable('the connection is closed')
    const isHeard = !(cause instanceof errors.NoRespondersError)
    return noAnswer(subject, isHeard ? asFault(cause).message : 'nobody listens', cause)
  }
}

const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
