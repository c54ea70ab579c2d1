// A real nats-server as a process of this machine, with every way of dying: killed, stopped, frozen, and links that can be cut.
// 1. It listens on loopback, on one port that it keeps over restarts. Several run side by side.
// 2. `stop` ends it and removes its folder; so does the end of this process (supervisor.ts).

import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Link } from './link.ts'
import { findNatsServer } from './nats-server.ts'
import { freePorts } from './ports.ts'
import { type Supervised, Supervisor } from './supervised.ts'
import { until } from './wait.ts'

export interface BrokerUser {
  readonly name: string
  readonly password: string
  /** Subjects; without these two the user may do everything. */
  readonly publish?: readonly string[]
  readonly subscribe?: readonly string[]
}

export interface BrokerOptions {
  /** None: everybody may do everything. */
  readonly users?: readonly BrokerUser[]
  readonly token?: string
  /** Files in PEM; with `ca` clients need a certificate too. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string }
}

const START_ATTEMPTS = 3

/** Starts a broker; it answers when this returns. */
export async function startBroker(options: BrokerOptions = {}): Promise<BrokerProcess> {
  const program = await findNatsServer()
  for (let attempt = 1; ; attempt += 1) {
    const [supervisor, [port = 0]] = await Promise.all([Supervisor.start(), freePorts(1)])
    const broker = new BrokerProcess({ program, port, supervisor, options })
    try {
      await broker.start()
      return broker
    } catch (error) {
      await broker.stop()
      if (attempt === START_ATTEMPTS || !String(error).includes('address already in use')) throw error
    }
  }
}

export class BrokerProcess implements AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly folder: string
  readonly #program: string
  readonly #supervisor: Supervisor
  readonly #links = new Set<Link>()
  #server: Supervised | undefined

  constructor(parts: { program: string; port: number; supervisor: Supervisor; options: BrokerOptions }) {
    this.#program = parts.program
    this.#supervisor = parts.supervisor
    this.port = parts.port
    this.folder = mkdtempSync(join(tmpdir(), 'loom-broker-'))
    this.#supervisor.ownFolder(this.folder)
    writeFileSync(this.#file('nats.conf'), configuration(parts.port, parts.options), { mode: 0o600 })
    // the client library checks certificates for names only
    this.url = parts.options.tls === undefined ? `nats://127.0.0.1:${parts.port}` : `tls://localhost:${parts.port}`
  }

  get log(): string {
    return readFileSync(this.#file('log'), 'utf8')
  }

  /** Of the process whose child the server is. */
  get supervisorPid(): number {
    return this.#supervisor.pid
  }

  /** Nothing that it knew is left afterwards: it stores nothing. */
  async start(): Promise<void> {
    if (this.#server !== undefined && this.#server.ending === undefined) return
    const command = [this.#program, '--config', this.#file('nats.conf')]
    const server = await this.#supervisor.spawn({ command, output: this.#file('log') })
    this.#server = server
    const hopeless = () =>
      server.ending === undefined ? undefined : new Error(`nats-server has ended: ${this.log.slice(-2000)}`)
    await until('the broker answers', () => speaks(this.port), { hopeless, everyMs: 10, seconds: 20 })
  }

  /** As a crash of its machine: no connection is closed in order. */
  async kill(): Promise<void> {
    this.#server?.signal('SIGKILL')
    await this.#server?.ended
  }

  /** As an orderly end: clients are told. */
  async shutDown(): Promise<void> {
    this.#server?.signal('SIGTERM')
    await this.#server?.ended
  }

  /** Connections stay, and nothing moves on them. */
  freeze(): void {
    this.#server?.signal('SIGSTOP')
  }

  thaw(): void {
    this.#server?.signal('SIGCONT')
  }

  /** A way of its own for one client, which can be cut. */
  async link(): Promise<Link> {
    const link = await Link.to(this.port)
    this.#links.add(link)
    return link
  }

  async stop(): Promise<void> {
    for (const link of this.#links) await link.close()
    await this.#supervisor.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #file(name: string): string {
    return join(this.folder, name)
  }
}

/** A server greets every client. */
async function speaks(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    return greeting.toString().startsWith('INFO ')
  } finally {
    socket.destroy()
  }
}

/** JSON is a lawful configuration of nats-server. */
function configuration(port: number, { users, token, tls }: BrokerOptions): string {
  const authorization =
    users === undefined
      ? token === undefined
        ? {}
        : { authorization: { token } }
      : { authorization: { users: users.map(userEntry) } }
  const security =
    tls === undefined
      ? {}
      : {
          tls: {
            cert_file: tls.cert,
            key_file: tls.key,
            ...(tls.ca === undefined ? {} : { ca_file: tls.ca, verify: true }),
          },
        }
  return JSON.stringify({ listen: `127.0.0.1:${port}`, ...authorization, ...security })
}

function userEntry({ name, password, publish, subscribe }: BrokerUser): object {
  const permissions = {
    ...(publish === undefined ? {} : { publish: { allow: publish } }),
    ...(subscribe === undefined ? {} : { subscribe: { allow: subscribe } }),
  }
  return { user: name, password, ...(Object.keys(permissions).length === 0 ? {} : { permissions }) }
}
