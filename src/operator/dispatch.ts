// The operator's side of the dispatch to worker pools: the leases of the leader's term, served over the broker, measured.
import type { Logger } from 'pino'
import { DISPATCH_LIMITS, type DispatchCount, LeaseServer, openNatsBroker, parseServers } from '../dispatch/index.ts'
import type { OperatorConfig } from './config.ts'
import type { OperatorMetrics } from './metrics.ts'

export interface DispatchInput {
  config: OperatorConfig
  metrics: OperatorMetrics
  log: Logger
  now: () => number
  /** Unique name of this process, which the broker shows too. */
  identity: string
  /** Higher than those of all leaders before. */
  term: number
  /** False: somebody else may lead by now. */
  leads: () => boolean
  onLook: (run: string, afterMs: number) => void
  /** The broker is there again, or gone: what waits for it is to be looked at. */
  onState: () => void
  /** `namespace/name` of a pool whose work has changed. */
  onLoad: (pool: string) => void
}

export interface Dispatch {
  leases: LeaseServer
  stop: () => Promise<void>
}

/**
 * Begins a term: from now on workers are served. Call it only while leading.
 * @returns undefined when the settings name no broker
 * @throws Fault missing CredentialsNotFound, invalid InvalidBrokerUrl, CredentialsIncomplete
 */
export async function startDispatch(input: DispatchInput): Promise<Dispatch | undefined> {
  const { config, metrics, log, now, identity, term, leads, onLook, onState, onLoad } = input
  const { nats, natsCredentials, natsPrefix, stepLeaseMs, namespace } = config
  if (nats === undefined) return undefined
  const broker = await openNatsBroker({
    servers: parseServers(nats),
    name: identity,
    warn: (message) => log.warn(message),
    ...(natsCredentials === undefined ? {} : { credentials: natsCredentials }),
  })
  const leases = new LeaseServer({
    broker,
    limits: {
      ...DISPATCH_LIMITS,
      leaseMs: stepLeaseMs,
      heartbeatMs: Math.ceil(stepLeaseMs / 4),
      acceptMs: Math.ceil(stepLeaseMs / 3),
    },
    epoch: term,
    prefix: natsPrefix,
    ...(namespace.length === 0 ? {} : { namespaces: namespace }),
    now,
    leads,
    onLook,
    onState: (state) => {
      log.info({ broker: state }, state === 'up' ? 'broker connected' : 'broker not connected')
      metrics.set('loom_broker_up', {}, state === 'up' ? 1 : 0)
      onState()
    },
    onLoad,
    onCount: (what: DispatchCount) => metrics.count('loom_dispatch_events_total', { event: what }),
    onLeased: (waitedMs) => metrics.observe('loom_dispatch_wait_seconds', {}, waitedMs / 1000),
  })
  const end = leases.start()
  return {
    leases,
    async stop() {
      end()
      await broker.close()
    },
  }
}

/** Sets the gauges of the pools that are known. */
export function measureDispatch({ leases }: Dispatch, pools: Iterable<string>, metrics: OperatorMetrics): void {
  metrics.set('loom_dispatch_leases', {}, leases.leasesInFlight)
  for (const key of pools) {
    const { backlog, busy, idle } = leases.loadOf(key)
    const [namespace = '', pool = ''] = key.split('/')
    metrics.set('loom_pool_backlog', { namespace, pool }, backlog)
    metrics.set('loom_pool_workers', { namespace, pool, state: 'busy' }, busy.length)
    metrics.set('loom_pool_workers', { namespace, pool, state: 'idle' }, idle.length)
  }
}
