// The operator's life: fill the caches, win the lease, look at runs, stop cleanly.
//
// O1 Only the leader acts. Who loses the lease stops acting at once and ends; its supervisor starts it anew as a candidate.
// O2 SIGTERM: no new looks, the ones in hand are finished, the lease is given up, exit 0.
// O3 What goes wrong with one run is logged, counted and tried again later; it never ends the process.

import { type Logger, pino } from 'pino'
import { asFault, type Fault } from '../base/index.ts'
import {
  type AnyObject,
  ApiFault,
  Applier,
  Caches,
  connect,
  KubeClient,
  type Leadership,
  LeaseCandidate,
  Observer,
} from '../effects/index.ts'
import { textAt } from '../reconcile/index.ts'
import type { OperatorConfig } from './config.ts'
import { type Dispatch, measureDispatch, startDispatch } from './dispatch.ts'
import { serve } from './http.ts'
import { OperatorMetrics } from './metrics.ts'
import { Pools } from './pools.ts'
import { reconciler } from './reconciler.ts'
import { idsOfRaw } from './run-log.ts'
import { WorkQueue } from './work-queue.ts'

/** What the world gives: time, chance, identity. */
export interface OperatorWorld {
  now: () => number
  monotonic: () => number
  random: () => number
  newId: () => string
  /** Unique name of this process. */
  identity: string
}

/** How long the looks in hand may take to finish after a stop; SIGTERM to exit is 10 s at most. */
const DRAIN_MS = 7_500
/** Sockets to the API server: for requests, and for the watches, which hold one each for good. */
const REQUESTS = 26
const WATCHES = 8

/** Runs until the signal is aborted or leadership is lost. @returns the process' exit code */
export async function runOperator(config: OperatorConfig, world: OperatorWorld, signal: AbortSignal): Promise<number> {
  const log = pino({ level: config.logLevel, base: { instance: world.identity } })
  const metrics = new OperatorMetrics()
  const ended = new AbortController()
  const stop = AbortSignal.any([signal, ended.signal])
  const connection = connect({
    ...(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }),
    connections: REQUESTS + WATCHES * Math.max(1, config.namespace.length),
  })
  const client = new KubeClient(connection, ({ verb, resource, code, seconds }) => {
    metrics.count('loom_api_requests_total', { verb, resource, code: String(code) })
    if (verb !== 'watch') metrics.observe('loom_api_request_duration_seconds', { verb, resource }, seconds)
  })
  const parts = wire(config, world, { client, metrics, log })
  let ready = false
  const { server, port } = await serve(config.port, config.host, {
    healthy: () => true,
    ready: () => ready,
    metrics: async () => {
      measure(parts, metrics, world)
      return await metrics.text()
    },
  })
  log.info({ port }, 'listening')
  const watching = parts.caches.run(stop)
  await Promise.race([parts.caches.synced(), aborted(stop)])
  ready = true
  const lead = config.leaderElect
    ? await candidate(config, world, client, log).lead(stop)
    : { lost: new AbortController().signal, term: world.now(), leads: () => true, release: async () => {} }
  if (lead !== undefined && !stop.aborted) {
    metrics.set('loom_leader', {}, 1)
    log.info({ runs: parts.caches.runs.objects.size }, 'leading')
    await parts.begin(lead)
    await Promise.race([aborted(stop), aborted(lead.lost)])
  }
  const lost = lead?.lost.aborted === true && !signal.aborted
  metrics.set('loom_leader', {}, 0)
  const drained = await Promise.race([
    parts.end().then(() => true),
    new Promise<boolean>((resolve) => setTimeout(resolve, DRAIN_MS, false).unref()),
  ])
  // With looks still in hand the lease runs out by itself: nobody is to begin beside them.
  if (!lost && drained) await lead?.release()
  ended.abort()
  await watching
  server.closeAllConnections()
  server.close()
  await connection.close()
  log.info({ lost }, 'stopped')
  return lost ? 1 : 0
}

interface Parts {
  caches: Caches
  queue: WorkQueue
  dispatch: () => Dispatch | undefined
  /** Begins to lead: workers are served, and the queue takes work, everything that is cached first. */
  begin: (leadership: Pick<Leadership, 'leads' | 'term'>) => Promise<void>
  /** Stops leading; resolves when nothing is in hand any more. */
  end: () => Promise<void>
}

function wire(
  config: OperatorConfig,
  world: OperatorWorld,
  { client, metrics, log }: { client: KubeClient; metrics: OperatorMetrics; log: Logger },
): Parts {
  let leading = false
  let dispatch: Dispatch | undefined
  const leases = () => dispatch?.leases
  const caches = new Caches({
    client,
    namespaces: config.namespace,
    onRun: (key) => {
      if (leading) queue.add(key)
    },
    onPool: (key) => pools.changed(key),
    onTrouble: (fault, waitMs) => {
      metrics.count('loom_watch_restarts_total', { code: fault.code })
      log.warn({ code: fault.code, waitMs }, fault.message)
    },
    random: world.random,
  })
  const observer = new Observer({ caches, client, now: world.now, leases })
  const applier = new Applier({
    caches,
    client,
    defaults: { image: config.image },
    leases,
    instance: world.identity,
    now: world.now,
    newId: world.newId,
    onLostEvent: (fault) => log.warn({ code: fault.code }, fault.message),
  })
  const queue = new WorkQueue({
    workers: config.workers,
    work: reconciler({ observer, applier, metrics, log }),
    onDone: ({ key, error, waitedMs, workedMs }) => {
      metrics.observe('loom_queue_wait_seconds', {}, waitedMs / 1000)
      metrics.observe(
        'loom_reconcile_duration_seconds',
        { result: error === undefined ? 'done' : asFault(error).kind },
        workedMs / 1000,
      )
      if (error !== undefined) logFailure(log, idsOfRaw(key, caches.runs.objects.get(key)), asFault(error))
    },
    askedMs: (error) => (error instanceof ApiFault ? error.retryAfterMs : undefined),
    monotonic: world.monotonic,
    random: world.random,
  })
  const onFailure = (pool: string, fault: Fault) => logFailure(log, { pool }, fault)
  const pools = new Pools({ config, world, caches, client, log, leases, onFailure })
  const lookAt = (concerns: (run: AnyObject) => boolean) => {
    for (const [key, run] of caches.runs.objects) if (concerns(run)) queue.add(key)
  }
  const begin = async ({ leads, term }: Pick<Leadership, 'leads' | 'term'>) => {
    dispatch = await startDispatch({
      config,
      metrics,
      log,
      now: world.now,
      identity: world.identity,
      term,
      leads,
      onLook: (run, afterMs) => (afterMs === 0 ? queue.add(run) : queue.addLater(run, afterMs)),
      onState: () => {
        lookAt((run) => textAt(run, 'status', 'finishedAt') === undefined)
        pools.lookAtAll()
      },
      onLoad: (pool) => pools.loadChanged(pool),
    })
    leading = true
    lookAt(() => true)
    pools.begin()
  }
  const end = async () => {
    leading = false
    await Promise.all([queue.stop(), pools.stop()])
    await dispatch?.stop()
  }
  return { caches, queue, dispatch: () => dispatch, begin, end }
}

/** A stale write is everyday life and says nothing; a bug says all it knows. */
function logFailure(log: Logger, ids: Record<string, unknown>, fault: Fault): void {
  if (fault.kind === 'conflict') log.debug({ ...ids, code: fault.code }, fault.message)
  else if (fault.kind === 'defect') log.error({ ...ids, code: fault.code, err: fault.cause ?? fault }, fault.message)
  else log.warn({ ...ids, code: fault.code }, fault.message)
}

/** In the proportions of client-go's: 15 s, 10 s, 2 s. */
const leaseTimes = (leaseDurationMs: number) => ({
  leaseDurationMs,
  renewDeadlineMs: (leaseDurationMs * 2) / 3,
  retryMs: (leaseDurationMs * 2) / 15,
})

function candidate(config: OperatorConfig, world: OperatorWorld, client: KubeClient, log: Logger): LeaseCandidate {
  return new LeaseCandidate({
    client,
    namespace: config.leaseNamespace,
    name: config.leaseName,
    ...leaseTimes(config.leaseDuration),
    identity: world.identity,
    now: world.now,
    monotonic: world.monotonic,
    random: world.random,
    onTrouble: (fault) => log.warn({ code: fault.code }, fault.message),
  })
}

function measure({ caches, queue, dispatch }: Parts, metrics: OperatorMetrics, world: OperatorWorld): void {
  metrics.set('loom_queue_depth', {}, queue.depth)
  for (const [resource, { health }] of Object.entries(caches.reflectors)) {
    metrics.set('loom_watch_objects', { resource }, health.objects)
    metrics.set('loom_watch_age_seconds', { resource }, (world.monotonic() - health.lastHeard) / 1000)
  }
  const dispatching = dispatch()
  if (dispatching !== undefined) measureDispatch(dispatching, caches.pools.objects.keys(), metrics)
  const phases = new Map<string, number>()
  for (const run of caches.runs.objects.values()) {
    const { phase = 'Pending' } = (run.status ?? {}) as { phase?: string }
    phases.set(phase, (phases.get(phase) ?? 0) + 1)
  }
  for (const phase of ['Pending', 'Running', 'Suspended', 'Succeeded', 'Failed', 'Cancelled'])
    metrics.set('loom_runs', { phase }, phases.get(phase) ?? 0)
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
