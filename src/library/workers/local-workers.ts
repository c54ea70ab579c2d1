// Worker processes on this machine, for the time of a run or more: a broker, the leases, the workers, and the engine that
// hands steps to them.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../base/index.ts'
import { type Broker, DISPATCH_LIMITS, LeaseServer, openNatsBroker, parseServers } from '../../dispatch/index.ts'
import type { Engine } from '../../step/index.ts'
import { type LocalBroker, startLocalBroker } from './local-broker.ts'
import { WorkerEngine } from './worker-engine.ts'

export interface LocalWorkersOptions {
  /** Worker processes, 1 or more. */
  count: number
  /** Addresses of a running NATS server, `nats://…`; absent: one is started. */
  nats?: string
  /** Folder or file with credentials for it. */
  natsCredentials?: string
  /** Where nats-server is looked for, as in PATH. */
  path: string
  warn: (message: string) => void
}

export interface LocalWorkers {
  engine: Engine
  /** Ends the processes. */
  stop(): Promise<void>
}

/** A dead worker is noticed sooner than on a cluster: nothing but this machine is between. */
const LIMITS = { ...DISPATCH_LIMITS, leaseMs: 6_000, heartbeatMs: 1_500, acceptMs: 2_000, gatherMs: 0 }
const NAMESPACE = 'local'
/** A broker that does not answer for so long at the start is not there. */
const REACHED_MS = 3_000
/** How often a worker that ended by itself is replaced. */
const MOST_RESTARTS = 10

/** @throws Fault missing NatsServerNotFound, CredentialsNotFound; invalid InvalidBrokerUrl; transient NatsServerFailed, BrokerUnreachable */
export async function startWorkers(options: LocalWorkersOptions): Promise<LocalWorkers> {
  const folder = await mkdtemp(join(tmpdir(), 'loom-workers-'))
  const cleanUp: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const end of cleanUp.splice(0).reverse()) await end()
  }
  try {
    const broker = await brokerOf(options, folder)
    cleanUp.push(() => broker.stop())
    const pool = `run-${randomUUID()}`
    const { engine, ends } = await serve(broker, pool, options.warn)
    cleanUp.push(...ends)
    const workers = new WorkerProcesses({ broker, pool, folder, ...options })
    cleanUp.push(() => workers.stop())
    return { engine, stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

async function brokerOf(
  { nats, natsCredentials, path }: LocalWorkersOptions,
  folder: string,
): Promise<Pick<LocalBroker, 'url' | 'stop'> & { credentials?: string }> {
  if (nats === undefined) return await startLocalBroker(folder, path)
  const credentials = natsCredentials === undefined ? {} : { credentials: natsCredentials }
  return { url: nats, ...credentials, stop: async () => {} }
}

async function serve(
  { url, credentials }: { url: string; credentials?: string | undefined },
  pool: string,
  warn: (message: string) => void,
): Promise<{ engine: Engine; ends: (() => unknown)[] }> {
  const broker = await reached({ url, credentials }, pool, warn)
  const server = new LeaseServer({
    broker,
    limits: LIMITS,
    epoch: Date.now(),
    prefix: 'loom',
    namespaces: [NAMESPACE],
    now: Date.now,
    onLook: (runId) => setImmediate(() => engine.look(runId)),
  })
  const engine = new WorkerEngine({ server, pool: `${NAMESPACE}/${pool}`, now: Date.now })
  return { engine, ends: [() => broker.close(), server.start()] }
}

/** @throws Fault transient BrokerUnreachable; what is told before is in there */
async function reached(
  { url, credentials }: { url: string; credentials: string | undefined },
  name: string,
  warn: (message: string) => void,
): Promise<Broker> {
  let last = 'it does not answer'
  let tell = (message: string): void => {
    last = message.replace('cannot connect to the broker: ', '')
  }
  const settings = { servers: parseServers(url), name, ...(credentials === undefined ? {} : { credentials }) }
  const broker = await openNatsBroker({ ...settings, warn: (message) => tell(message) })
  const up = new Promise<boolean>((resolve) => broker.onState((state) => state === 'up' && resolve(true)))
  const late = new AbortController()
  const isUp = await Promise.race([up, setTimeout(REACHED_MS, false, { signal: late.signal })])
  late.abort()
  tell = warn
  if (isUp) return broker
  await broker.close()
  throw new Fault({
    kind: 'transient',
    code: 'BrokerUnreachable',
    message: `cannot start workers: the broker at ${url} is not reached: ${last}; start a NATS server there, or leave --nats out`,
  })
}

interface ProcessesOptions extends LocalWorkersOptions {
  broker: { url: string; credentials?: string }
  pool: string
  folder: string
}

class WorkerProcesses {
  readonly #options: ProcessesOptions
  readonly #children = new Map<string, ChildProcess>()
  #restarts = 0
  #stopping = false

  constructor(options: ProcessesOptions) {
    this.#options = options
    for (let i = 1; i <= options.count; i++) this.#start(`worker-${i}`)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const ended = [...this.#children.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of this.#children.values()) child.kill('SIGKILL')
    await Promise.all(ended)
  }

  #start(name: string): void {
    const { broker, pool, folder, count, warn } = this.#options
    const main = fileURLToPath(
      new URL(import.meta.url.endsWith('.ts') ? '../../cli/main.ts' : '../../cli/main.js', import.meta.url),
    )
    const credentials = broker.credentials === undefined ? [] : [`--nats-credentials=${broker.credentials}`]
    const place = [
      `--nats=${broker.url}`,
      ...credentials,
      `--namespace=${NAMESPACE}`,
      `--pool=${pool}`,
      `--name=${name}`,
    ]
    const share = Math.floor(Math.min(process.constrainedMemory() || totalmem(), totalmem()) / count)
    const args = [main, 'worker', ...place, `--work=${join(folder, name)}`, `--memory=${share}`]
    // the channel tells it when this process is gone
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    this.#children.set(name, child)
    child.once('exit', (code, signal) => {
      this.#children.delete(name)
      if (this.#stopping) return
      warn(`${name} ended with ${signal ?? code}; another one is started`)
      if (++this.#restarts <= MOST_RESTARTS) this.#start(name)
    })
  }
}
