// A real Kubernetes control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler as processes of this machine.
// 1. Everything listens on loopback (the API server unless told otherwise), on ports chosen at start, with its state in a temporary
//    folder: several run side by side.
// 2. `stop` ends every process and removes the folder. So does the end of this process, however it comes (supervisor.ts).
// 3. The API server keeps port, certificate, keys and tokens over a restart: clients see a cut and nothing else.

import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Api } from './api.ts'
import { type AuditEntry, readAuditLog } from './audit-log.ts'
import { makeUser, type TokenLine, type User, type UserSpec, withToken, writeTokenFile } from './credentials.ts'
import { freePorts } from './ports.ts'
import * as flags from './server-flags.ts'
import { findServers, type ServerCommands, type ServerName } from './servers.ts'
import { type Supervised, Supervisor } from './supervised.ts'
import { until } from './wait.ts'

export interface ControlPlaneOptions {
  /** Users besides the admin, known by a token. */
  readonly users?: readonly UserSpec[]
  /** Where the API server listens, for pods with a network of their own. Default: loopback. */
  readonly address?: string
  readonly apiServerFlags?: readonly string[]
  readonly controllerFlags?: readonly string[]
  /** Seconds without a heartbeat after which a node counts as gone (Kubernetes: 40). */
  readonly nodeGraceSeconds?: number
  /** Seconds after which pods are evicted from a node that is gone (Kubernetes: 300). */
  readonly evictAfterSeconds?: number
}

const ADMIN: UserSpec = { name: flags.ADMIN_USER, groups: ['system:masters'] }
const SERVERS: readonly UserSpec[] = [flags.CONTROLLERS_USER, flags.SCHEDULER_USER, flags.NODES_USER].map((name) => ({
  name,
  groups: ['system:masters'],
}))
const START_ATTEMPTS = 3

/** Starts a control plane; ready means that a pod could be created in the namespace `default`. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const commands = await findServers()
  for (let attempt = 1; ; attempt += 1) {
    const plane = await ControlPlane.prepare(commands, options)
    try {
      await plane.start()
      return plane
    } catch (error) {
      await plane.stop()
      // Somebody else may have taken a port between our look and our use of it.
      if (attempt === START_ATTEMPTS || !String(error).includes('address already in use')) throw error
    }
  }
}

export class ControlPlane implements AsyncDisposable {
  readonly folder: string
  readonly url: string
  readonly supervisor: Supervisor
  readonly #commands: ServerCommands
  readonly #options: ControlPlaneOptions
  readonly #layout: flags.Layout
  readonly #tokens: readonly TokenLine[]
  readonly #users = new Map<string, User>()
  readonly #servers = new Map<ServerName, Supervised>()
  readonly #dependents: (() => Promise<void>)[] = []
  #ca = ''

  static async prepare(commands: ServerCommands, options: ControlPlaneOptions): Promise<ControlPlane> {
    const [supervisor, ports] = await Promise.all([Supervisor.start(), freePorts(3)])
    return new ControlPlane({ commands, options, supervisor, ports })
  }

  private constructor(parts: {
    commands: ServerCommands
    options: ControlPlaneOptions
    supervisor: Supervisor
    ports: readonly number[]
  }) {
    const [etcdPort = 0, peerPort = 0, apiPort = 0] = parts.ports
    this.supervisor = parts.supervisor
    this.#commands = parts.commands
    this.#options = parts.options
    this.folder = mkdtempSync(join(tmpdir(), 'loom-bed-'))
    this.supervisor.ownFolder(this.folder)
    this.#layout = { folder: this.folder, etcdPort, peerPort, apiPort }
    this.url = `https://${parts.options.address ?? flags.LOOPBACK}:${apiPort}`
    this.#tokens = [ADMIN, ...SERVERS, ...(parts.options.users ?? [])].map(withToken)
    this.#writeFiles()
  }

  /** PEM of the authority that signed the API server's certificate. */
  get ca(): string {
    return this.#ca
  }

  get admin(): User {
    return this.user(flags.ADMIN_USER)
  }

  /** With all rights, as its kubeconfig below. */
  get api(): Api {
    return this.admin.api
  }

  get kubeconfig(): string {
    return this.admin.kubeconfig
  }

  /** What process nodes talk with: an admin whose name tells their requests in the audit log from others. */
  get nodes(): User {
    return this.user(flags.NODES_USER)
  }

  /** Where etcd answers, gRPC and JSON. */
  get etcdUrl(): string {
    return `http://127.0.0.1:${this.#layout.etcdPort}`
  }

  /** How often a node must be heard of, so as not to count as gone by accident. */
  get heartbeatSeconds(): number {
    return Math.min(10, Math.max(1, flags.nodeGraceSeconds(this.#options) / 4))
  }

  /** Files of the API server's own certificate. */
  get serverCertificate(): { cert: string; key: string } {
    return { cert: join(this.folder, 'certs/apiserver.crt'), key: join(this.folder, 'certs/apiserver.key') }
  }

  /** One of the users that the options named. */
  user(name: string): User {
    const user = this.#users.get(name)
    if (user === undefined) throw new Error(`the control plane knows no user "${name}"; name it in the options' users`)
    return user
  }

  /** Credentials of a service account: what a pod with that account would have. The account must exist. */
  async serviceAccount(namespace: string, name: string): Promise<User> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 86_400 },
    }
    const { status } = await this.api.create<{ status: { token: string } }>(path, request)
    return this.#remember(`system:serviceaccount:${namespace}:${name}`, status.token)
  }

  /** Every request that the API server has answered so far. */
  auditLog(): readonly AuditEntry[] {
    return readAuditLog(join(this.folder, 'audit.log'))
  }

  async start(): Promise<void> {
    await Promise.all([this.#spawn('etcd', flags.etcdFlags(this.#layout)), this.startApiServer()])
    await this.#spawnClients()
    const account = '/api/v1/namespaces/default/serviceaccounts/default'
    await this.#ready(
      'the service account "default" is there',
      async () => (await this.api.find(account)) !== undefined,
    )
  }

  /** Starts the API server after `killApiServer`; returns when it is ready. */
  async startApiServer(): Promise<void> {
    await this.#spawn('kube-apiserver', flags.apiServerFlags(this.#layout, this.#options))
    await this.#ready('kube-apiserver is ready', async () => {
      if (this.#users.size === 0) this.#readCertificate()
      return (await this.api.text('/readyz')) === 'ok'
    })
  }

  /** kill -9, unless `signal` says otherwise. */
  async killApiServer(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#servers.get('kube-apiserver')?.signal(signal)
    await this.#servers.get('kube-apiserver')?.ended
  }

  async restartApiServer(): Promise<void> {
    await this.killApiServer()
    await this.startApiServer()
  }

  /** Pids of the supervisor and of every server that runs. */
  pids(): readonly number[] {
    const running = [...this.#servers.values()].filter((server) => server.ending === undefined)
    return [this.supervisor.pid, ...running.map((server) => server.pid)]
  }

  /** What must be stopped before the servers go (and may have been stopped before). */
  stopFirst(stop: () => Promise<void>): void {
    this.#dependents.push(stop)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#dependents.map((stop) => stop()))
    await Promise.all([...this.#users.values()].map((user) => user.api.close()))
    await this.supervisor.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #writeFiles(): void {
    mkdirSync(join(this.folder, 'certs'))
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    writeFileSync(join(this.folder, 'service-accounts.key'), privateKey.export({ type: 'sec1', format: 'pem' }), {
      mode: 0o600,
    })
    writeFileSync(join(this.folder, 'audit-policy.json'), JSON.stringify(flags.AUDIT_POLICY))
    writeTokenFile(join(this.folder, 'tokens.csv'), this.#tokens)
  }

  /** The API server signs its own certificate at its first start; it is written when its key is there, which comes after it. */
  #readCertificate(): void {
    statSync(join(this.folder, 'certs/apiserver.key'))
    this.#ca = readFileSync(join(this.folder, 'certs/apiserver.crt'), 'utf8')
    for (const { name, token } of this.#tokens) this.#remember(name, token)
  }

  #remember(name: string, token: string): User {
    const user = makeUser(this.folder, { url: this.url, ca: this.#ca }, { name, token })
    this.#users.set(name, user)
    return user
  }

  async #spawnClients(): Promise<void> {
    await Promise.all([
      this.#spawn('kube-controller-manager', flags.controllerFlags(this.#layout, this.#options)),
      this.#spawn('kube-scheduler', flags.schedulerFlags(this.#layout)),
    ])
  }

  async #spawn(name: ServerName, args: readonly string[]): Promise<void> {
    const command = [...this.#commands[name], ...args]
    this.#servers.set(name, await this.supervisor.spawn({ command, output: join(this.folder, `${name}.log`) }))
  }

  /** Polls, but gives up at once when a server has ended. */
  async #ready(what: string, probe: () => Promise<boolean>): Promise<void> {
    const hopeless = () => {
      const [name] = [...this.#servers].find(([, server]) => server.ending !== undefined) ?? []
      return name === undefined ? undefined : new Error(this.#epitaph(name))
    }
    await until(what, probe, { everyMs: 20, seconds: 120, hopeless })
  }

  /** Where a Go program crashed, the reason stands before thousands of lines about its goroutines. */
  #epitaph(name: ServerName): string {
    const lines = readFileSync(join(this.folder, `${name}.log`), 'utf8')
      .trimEnd()
      .split('\n')
    const crash = lines.findIndex((line) => /^(panic|fatal error|runtime):/.test(line))
    const words = crash === -1 ? lines.slice(-15) : lines.slice(crash, crash + 40)
    return `${name} ended; its last words:\n${words.join('\n')}`
  }
}
