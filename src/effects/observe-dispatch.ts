// What a decision knows of the broker and of the pools that its steps may go to.
import type { Leases, PoolLoads } from '../dispatch/index.ts'
import type { DispatchFact, PoolFact } from '../reconcile/index.ts'
import type { Caches } from './caches.ts'
import type { AnyObject } from './kept.ts'
import { readPool } from './read-pool.ts'

/** What the leader knows of steps and workers. */
export type LeaseSource = Leases & PoolLoads

export function dispatchFact(leases: LeaseSource | undefined, pools: AnyObject[]): DispatchFact {
  if (leases === undefined)
    return { broker: { state: 'none' }, oldLeasesEnd: 0, pools: pools.map((pool) => poolFact(pool)) }
  const { downSince, oldLeasesEnd } = leases
  return {
    broker: downSince === undefined ? { state: 'up' } : { state: 'down', since: downSince },
    oldLeasesEnd,
    pools: pools.map((pool) => poolFact(pool, leases)),
  }
}

/** By name. */
export function poolsOf({ pools }: Caches, namespace: string): AnyObject[] {
  return [...pools.objects.values()]
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.deletionTimestamp === undefined)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

function poolFact(raw: AnyObject, loads?: PoolLoads): PoolFact {
  const pool = readPool(raw)
  const load = loads?.loadOf(`${pool.metadata.namespace}/${pool.metadata.name}`)
  return { pool, workers: (load?.busy.length ?? 0) + (load?.idle.length ?? 0) }
}
