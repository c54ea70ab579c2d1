// A cluster with an operator, a broker, and a pool whose workers are warm: what runs through a pool are measured in. Everything
// but the bench's own process (which plays the kubelet) is a child of the control plane's supervisor, so that nothing that
// it uses is forgotten.

import type { RunStatus } from '../../../src/manifest/index.ts'
import { type AuditEntry, type BrokerProcess, type Kube, startBroker, until } from '../../cluster/bed/index.ts'
import { Cluster, type Manifest, pathOf } from '../../cluster/support/cluster.ts'
import { quick, run } from '../../cluster/support/pipelines.ts'
import { grantOperatorRights, OPERATOR_USER } from '../../cluster/support/rights.ts'
import { type SupervisedOperator, startSupervisedOperator } from '../../cluster/support/supervised-operator.ts'
import { difference, type Naming, type ProcessorTime, usedBy } from './processor-time.ts'

export const POOL = 'warm'
/** All steps go to the pool. */
export const POOLED = { mode: 'nats', pool: POOL } as const

/** What takes longer has come to a stop. */
const MOST_MS = 240_000

const SERVERS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'nats-server']
const WRITES = ['create', 'update', 'patch', 'delete']
/** Beside all runs, an operator looks at pools and renews its lease. */
const OF_RUNS = ['etlruns', 'jobs', 'configmaps', 'events']

type Run = Kube & { status?: RunStatus }

export interface Measured {
  /** From the first request to the moment that the last run was seen to have succeeded. */
  readonly seconds: number
  readonly used: ProcessorTime
  /** Of the operator, for runs. */
  readonly writes: number
}

export class WarmPool implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #broker: BrokerProcess
  #operator: SupervisedOperator | undefined

  private constructor(cluster: Cluster, broker: BrokerProcess) {
    this.#cluster = cluster
    this.#broker = broker
  }

  /** @param workers 0: there is no pool, and steps go as Jobs */
  static async start(workers: number): Promise<WarmPool> {
    const cluster = await Cluster.start({ users: [{ name: OPERATOR_USER }] })
    const broker = await startBroker()
    const lab = new WarmPool(cluster, broker)
    try {
      await grantOperatorRights(cluster.plane.api)
      const profile = process.env['BENCH_PROFILE']
      const nodeFlags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
      lab.#operator = await startSupervisedOperator(cluster.plane, { flags: ['--nats', broker.url], nodeFlags })
      await cluster.apply(cluster.storage())
      if (workers > 0) await lab.#warmUp(workers)
      return lab
    } catch (thrown) {
      await lab[Symbol.asyncDispose]()
      throw thrown
    }
  }

  /** Applies the runs as fast as the API server takes them, and waits until all have succeeded. @throws when one has not */
  async measure(runs: readonly Manifest[]): Promise<Measured> {
    const { plane } = this.#cluster
    const audited = plane.auditLog().length
    const before = this.#used()
    const stop = new AbortController()
    const done = this.#succeeded(new Set(runs.map(({ metadata }) => metadata.name)), stop.signal)
    const started = performance.now()
    const late = setTimeout(() => stop.abort(new Error(`not all runs have succeeded:\n${this.#said()}`)), MOST_MS)
    const [{ at }] = await Promise.all([done, this.#apply(runs)])
    clearTimeout(late)
    const used = difference(this.#used(), before)
    stop.abort()
    // events come last
    await this.#quiet()
    const writes = plane.auditLog().slice(audited).filter(isWriteForRuns).length
    return { seconds: (at - started) / 1000, used, writes }
  }

  /** The operator ends in order, since it writes its profile then. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#operator?.process.signal('SIGTERM')
    await this.#operator?.process.ended
    await this.#cluster[Symbol.asyncDispose]()
    await this.#broker.stop()
  }

  async #warmUp(workers: number): Promise<void> {
    const spec = { replicas: { min: workers, max: workers }, resources: { limits: { memory: '1Gi' } } }
    await this.#cluster.apply({ kind: 'ETLWorkerPool', metadata: { name: POOL }, spec })
    const ready = async () => {
      const pool = await this.#cluster.plane.api.get<Kube & { status?: { idle?: number } }>(
        `${pathOf('ETLWorkerPool')}/${POOL}`,
      )
      return pool.status?.idle === workers
    }
    await until('all workers wait for a step', ready, { seconds: 120 })
    const steps = Array.from({ length: workers * 10 }, (_, i) => quick(`warm${i}`))
    await this.measure([run('warm-up', [{ parallel: steps }], { dispatch: POOLED })])
  }

  async #apply(runs: readonly Manifest[]): Promise<void> {
    const left = [...runs]
    const inOneHand = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await this.#cluster.apply(next)
    }
    await Promise.all(Array.from({ length: 16 }, inOneHand))
  }

  async #succeeded(names: Set<string>, signal: AbortSignal): Promise<{ at: number }> {
    const done = Promise.withResolvers<{ at: number }>()
    const take = ({ metadata, status }: Run) => {
      if (!names.has(metadata.name)) return
      if (status?.phase === 'Failed' || status?.phase === 'Cancelled')
        done.reject(new Error(`run ${metadata.name} is ${status.phase}: ${JSON.stringify(status)}`))
      if (status?.phase === 'Succeeded' && names.delete(metadata.name) && names.size === 0)
        done.resolve({ at: performance.now() })
    }
    this.#follow(take, signal).catch((thrown) => done.reject(thrown))
    return await done.promise
  }

  /** The API server ends a watch that is too slow for it; then they are listed again. @throws why the signal was aborted */
  async #follow(take: (run: Run) => void, signal: AbortSignal): Promise<void> {
    const { api } = this.#cluster.plane
    const path = pathOf('ETLRun')
    for (;;) {
      const { items, metadata } = await api.get<{ items: Run[]; metadata: { resourceVersion: string } }>(path)
      items.forEach(take)
      const watch = `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`
      await api.watch<Run>(watch, ({ object }) => take(object), signal).catch(() => undefined)
      signal.throwIfAborted()
    }
  }

  /** Waits until the operator has written nothing for a second. */
  async #quiet(): Promise<void> {
    const { plane } = this.#cluster
    const quietFor = async () => {
      const last = plane.auditLog().findLast(isWriteForRuns)
      return last === undefined || Date.now() - last.at.getTime() > 1_000
    }
    await until('the operator is quiet', quietFor, { everyMs: 500, seconds: 60 })
  }

  /** The operator's last words, for whoever looks why something did not end. */
  #said(): string {
    return this.#operator?.log.text().slice(-4000) ?? ''
  }

  #used(): ProcessorTime {
    const all = [this.#cluster.plane.supervisor.pid, this.#broker.supervisorPid].map((pid) => usedBy(pid, nameOf))
    const merged: Record<string, number> = {}
    for (const [name, seconds] of all.flatMap(Object.entries)) merged[name] = (merged[name] ?? 0) + Number(seconds)
    return merged
  }
}

const isWriteForRuns = ({ user, verb, resource }: AuditEntry): boolean =>
  user === OPERATOR_USER && WRITES.includes(verb) && OF_RUNS.includes(resource)

/** `pods`: what is in the pods of steps, or has ended; the supervisor's own time holds that. */
const nameOf: Naming = (commandLine) => {
  const words = commandLine.join(' ')
  const [program = '', subcommand] = commandLine
  const found = SERVERS.find((name) => program.endsWith(name) || subcommand === name)?.replace('kube-', '')
  if (found !== undefined) return { own: found, ended: found }
  if (words.includes('main.js operator')) return { own: 'operator', ended: 'operator' }
  if (words.includes('main.js worker')) return { own: 'workers', ended: 'engines' }
  return { own: words.includes('pod/child.js') ? 'engines' : 'pods', ended: 'pods' }
}
