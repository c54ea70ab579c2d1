// A table of leases with what is said to it in short words. Times are in ms from the beginning of the leader's term.
import {
  type Effect,
  type LeaseId,
  LeaseTable,
  type LeasingRun,
  leaseKey,
  type Wanted,
} from '../../src/dispatch/index.ts'
import type { StepOutcome, StepTask } from '../../src/plan/index.ts'

export const LIMITS = { leaseMs: 15_000, heartbeatMs: 4_000, acceptMs: 5_000, holdMs: 20_000, gatherMs: 1_000 }
export const POOL = 'etl/warm'
/** Long enough ago that no lease of an earlier leader can be alive. */
export const SETTLED = LIMITS.leaseMs

export const newTable = (epoch = 7): LeaseTable => new LeaseTable({ limits: LIMITS, epoch, startedAt: 0 })

export const RUN: LeasingRun = { uid: 'run-1', key: 'etl/run' }

export const idOf = (step: string, { attempt = 1, try: number = 1, runUid = RUN.uid } = {}): LeaseId => ({
  runUid,
  process: 'p',
  step,
  attempt,
  try: number,
})

/** A step that was put in line just now, unless told otherwise. */
export const want = (
  id: LeaseId,
  { mayBeHeld = false, timeoutMs = null as number | null, pool = POOL } = {},
): Wanted => ({
  id,
  pool,
  mayBeHeld,
  task: { step: { name: id.step, process: id.process, timeoutMs } } as unknown as StepTask,
})

export const by = (worker: string, { pool = POOL, epoch = 7 } = {}) => ({ pool, worker, epoch })

export const done = (step: string): StepOutcome => ({ process: 'p', step, state: 'Succeeded', durationMs: 1 })

export const nothing = { wanted: [], seen: new Set<string>() }
export const seen = (...ids: LeaseId[]): ReadonlySet<string> => new Set(ids.map(leaseKey))

/** `lease of a to 1`, `settled 2`, `stop a of w1: cancelled`, … */
export function told(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect): string[] => {
    switch (effect.kind) {
      case 'lease':
        return [`lease ${effect.lease.id.step} to ${effect.request}`]
      case 'none':
      case 'settled':
      case 'drop':
        return [`${effect.kind} ${effect.request}`]
      case 'stop':
        return [`stop ${effect.lease.id.step} of ${effect.lease.worker}: ${effect.reason}`]
      default:
        return []
    }
  })
}

export const looks = (effects: readonly Effect[]): number[] =>
  effects.flatMap((effect) => (effect.kind === 'look' ? [effect.afterMs] : []))
