// What the leases of a run should be once its status is written: exactly the steps that the status leaves in a pool's hands.
import { FINAL_PHASES } from '../manifest/index.ts'
import type { Decision, PooledTry } from './decision.ts'
import type { Observed, TryId } from './observed.ts'
import type { Ruling } from './ruling.ts'
import type { StepRecord } from './step-record.ts'

/** Nothing when the ruling says nothing of the steps: then the leases stay as they are. */
export function leaseWishes(ruling: Ruling, { leases }: Observed): Pick<Decision, 'leases'> {
  const final = FINAL_PHASES.includes(ruling.phase)
  const stop = ruling.stopLeases
  if (!final && stop === undefined && ruling.records === undefined) return {}
  const over: TryId[] = leases.filter(({ state }) => state === 'ended' || state === 'expired')
  const wanted = final || stop !== undefined ? [] : (ruling.records ?? []).flatMap(pooledTry)
  return { leases: { wanted, seen: over, ...(stop === undefined ? {} : { stop }), final } }
}

function pooledTry({ process, step, attempt, try: number, state, pool, since }: StepRecord): PooledTry[] {
  if (pool === undefined || (state !== 'Queued' && state !== 'Running')) return []
  return [{ process, step, attempt, try: number, pool, since: Date.parse(since ?? '') || 0 }]
}
