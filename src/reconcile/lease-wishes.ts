// What the leases of a run should be once its status is written: exactly the steps that the status leaves in a pool's hands.
import { FINAL_PHASES } from '../manifest/index.ts'
import type { Decision, PooledTry } from './decision.ts'
import { isOf } from './judge-step.ts'
import type { Observed, TryId } from './observed.ts'
import type { Ruling } from './ruling.ts'
import type { StepRecord } from './step-record.ts'

/**
 * Nothing when the ruling says nothing of the steps: then the leases stay as they are. Of a run that is being stopped, those
 * are wanted that a worker may have from an earlier leader: so that it is told, and its outcome counts.
 */
export function leaseWishes(ruling: Ruling, { leases, run, dispatch, now }: Observed): Pick<Decision, 'leases'> {
  const final = FINAL_PHASES.includes(ruling.phase)
  const stop = ruling.stopLeases
  if (!final && stop === undefined && ruling.records === undefined) return {}
  const over: TryId[] = leases.filter(({ state }) => state === 'ended' || state === 'expired')
  const before = run.status.steps ?? []
  const hold = stop !== undefined || ruling.holdLeases === true
  const mayBeHeld = now < dispatch.oldLeasesEnd
  const isWanted = hold && mayBeHeld ? mayBeAtWorker : isPooled
  const none = final || (stop !== undefined && !mayBeHeld)
  const records = none ? [] : (ruling.records ?? before).filter(isWanted)
  const wanted = records.flatMap((record) => pooledTry(record, before))
  return { leases: { wanted, seen: over, ...(stop === undefined ? {} : { stop }), ...(hold ? { hold } : {}), final } }
}

function pooledTry(record: StepRecord, before: StepRecord[]): PooledTry[] {
  const { process, step, attempt, try: number, pool } = record
  if (pool === undefined) return []
  const mayBeHeld = before.some((old) => isOf(record)(old) && old.pool === pool)
  return [{ process, step, attempt, try: number, pool, mayBeHeld }]
}

/** In the hands of a pool: in its line, or at a worker. */
export const isPooled = ({ state, pool }: Pick<StepRecord, 'state' | 'pool'>): boolean =>
  pool !== undefined && (state === 'Queued' || state === 'Running')

/** The same, or taken out of the line while a worker was given it. */
export const mayBeAtWorker = (record: Pick<StepRecord, 'state' | 'pool'>): boolean =>
  isPooled(record) || (record.pool !== undefined && record.state === 'Pending')
