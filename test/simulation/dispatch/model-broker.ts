// A broker that may do to messages whatever networks do: every message under way is a move of its own, to be delivered in
// any order, twice, late or never. It goes down and comes back, and single parties are cut off; each party learns of that
// by itself, later. Without a connection nothing is kept, as with NATS.
import { Fault } from '../../../src/base/index.ts'
import type { Broker, BrokerState } from '../../../src/dispatch/index.ts'

/** What is read of a message here. */
export interface Said {
  kind?: string
  worker?: string
  epoch?: number
  id?: { runUid: string; process: string; step: string; attempt: number; try: number }
}

export interface Flight {
  from: string
  to: string
  /** ready, heartbeat, outcome; lease, none, renewed, stop, settled, refused; notice stop, notice ask. */
  kind: string
  said: Said
  /** Of an answer: what it answers. */
  request?: Said
  /** Not delivered before. */
  notBefore: number
  land: () => void
}

type Hear = (subject: string, data: Uint8Array, answer: (data: Uint8Array) => void) => void

export class ModelBroker {
  readonly parties = new Map<string, Party>()
  readonly now: () => number
  readonly onSend: (flight: Flight) => void
  flights: Flight[] = []
  isRunning = true
  /** How often it was started: connections to an earlier one are dead. */
  generation = 1

  constructor({ now, onSend }: { now: () => number; onSend: (flight: Flight) => void }) {
    this.now = now
    this.onSend = onSend
  }

  join(name: string): Party {
    const party = new Party(this, name)
    this.parties.set(name, party)
    return party
  }

  stop(): void {
    this.isRunning = false
    this.flights = []
  }

  start(): void {
    if (!this.isRunning) this.generation++
    this.isRunning = true
  }

  send(flight: Flight): void {
    this.flights.push(flight)
    this.onSend(flight)
  }

  take(flight: Flight): void {
    this.flights = this.flights.filter((other) => other !== flight)
  }

  /** @param again it stays under way, too */
  deliver(flight: Flight, again = false): void {
    if (!again) this.take(flight)
    if (this.parties.get(flight.to)?.isConnected === true) flight.land()
  }

  get nextDue(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { nextTimeout } of this.parties.values()) due = Math.min(due, nextTimeout)
    for (const { notBefore } of this.flights) if (notBefore > this.now()) due = Math.min(due, notBefore)
    return due
  }
}

export class Party implements Broker {
  readonly name: string
  isLinked = true
  /** What it believes. */
  state: BrokerState = 'down'
  readonly #broker: ModelBroker
  readonly #hearers: ((state: BrokerState) => void)[] = []
  readonly #served = new Set<{ patterns: RegExp[]; hear: Hear }>()
  readonly #listened = new Set<{ subject: string; hear: (data: Uint8Array) => void }>()
  readonly #waiting = new Set<{ until: number; giveUp: () => void }>()
  #generation = 0

  constructor(broker: ModelBroker, name: string) {
    this.#broker = broker
    this.name = name
  }

  /** Its connection is alive, whatever it believes. */
  get isConnected(): boolean {
    return (
      this.isLinked && this.#broker.isRunning && this.#generation === this.#broker.generation && this.state === 'up'
    )
  }

  /** What it is going to hear of its connection. */
  get news(): BrokerState | undefined {
    if (this.state === 'up') return this.isConnected ? undefined : 'down'
    return this.isLinked && this.#broker.isRunning ? 'up' : undefined
  }

  hearNews(): void {
    const { news } = this
    if (news === undefined) return
    this.state = news
    this.#generation = news === 'up' ? this.#broker.generation : 0
    for (const hear of this.#hearers) hear(news)
  }

  serve(subjects: string[], hear: Hear): () => void {
    const patterns = subjects.map(
      (subject) => new RegExp(`^${subject.replaceAll('.', '\\.').replaceAll('*', '[^.]+')}$`),
    )
    const entry = { patterns, hear }
    this.#served.add(entry)
    return () => this.#served.delete(entry)
  }

  listen(subject: string, hear: (data: Uint8Array) => void): () => void {
    const entry = { subject, hear }
    this.#listened.add(entry)
    return () => this.#listened.delete(entry)
  }

  publish(subject: string, data: Uint8Array): void {
    if (!this.isConnected) return
    for (const party of this.#broker.parties.values())
      for (const { hear } of party.heardAt(subject))
        this.#send(party, { kind: `notice ${parse(data).kind}`, said: parse(data), land: () => hear(data) })
  }

  request(subject: string, data: Uint8Array, { timeoutMs }: { timeoutMs: number }): Promise<Uint8Array> {
    if (this.state === 'down') return Promise.reject(fault('BrokerUnreachable'))
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const wait = { until: this.#broker.now() + timeoutMs, giveUp: () => reject(fault('NoAnswer')) }
    this.#waiting.add(wait)
    if (!this.isConnected) return promise
    const said = parse(data)
    let servers = 0
    for (const party of this.#broker.parties.values()) {
      for (const { hear } of party.servedAt(subject)) {
        servers++
        const answer = (reply: Uint8Array) => {
          if (!party.isConnected) return
          const told = parse(reply)
          const land = () => {
            this.#waiting.delete(wait)
            resolve(reply)
          }
          party.#send(this, { kind: told.kind ?? '', said: told, request: said, land })
        }
        this.#send(party, { kind: subject.split('.').at(-1) ?? '', said, land: () => hear(subject, data, answer) })
      }
    }
    if (servers === 0) this.#giveUp(wait)
    return promise
  }

  onState(hear: (state: BrokerState) => void): void {
    this.#hearers.push(hear)
    hear(this.state)
  }

  async close(): Promise<void> {
    this.#broker.parties.delete(this.name)
    this.#served.clear()
    this.#listened.clear()
  }

  get nextTimeout(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { until } of this.#waiting) due = Math.min(due, until)
    return due
  }

  /** Requests that nobody has answered in time. */
  timeOut(now: number): void {
    for (const wait of this.#waiting) if (wait.until <= now) this.#giveUp(wait)
  }

  servedAt(subject: string): { hear: Hear }[] {
    if (!this.isConnected) return []
    return [...this.#served].filter(({ patterns }) => patterns.some((pattern) => pattern.test(subject)))
  }

  heardAt(subject: string): { hear: (data: Uint8Array) => void }[] {
    return this.isConnected ? [...this.#listened].filter((entry) => entry.subject === subject) : []
  }

  #giveUp(wait: { giveUp: () => void }): void {
    this.#waiting.delete(wait as { until: number; giveUp: () => void })
    wait.giveUp()
  }

  #send(to: Party, flight: Pick<Flight, 'kind' | 'said' | 'request' | 'land'>): void {
    this.#broker.send({ ...flight, from: this.name, to: to.name, notBefore: 0 })
  }
}

const parse = (data: Uint8Array): Said => JSON.parse(Buffer.from(data).toString('utf8')) as Said

const fault = (code: string): Fault =>
  new Fault({ kind: 'transient', code, message: 'cannot get an answer: by the model; it is asked again' })
