// What to do about one ETLWorkerPool: an ordered list of rules, the first that applies decides. As for runs (decide-run.ts),
// it is deterministic, level-based, and settles.
import type { Fault } from '../../base/index.ts'
import { beingDeleted, deniedSettings, invalidPool, nameTaken, natsNotConfigured, storageMissing } from './blocked.ts'
import type { PoolDecision } from './decision.ts'
import type { PoolObserved } from './observed.ts'
import type { PoolRule } from './ruling.ts'
import { sceneOf } from './scene.ts'
import { poolDecisionOf } from './status.ts'
import {
  allReady,
  brokerUnreachable,
  denied,
  firstWorkers,
  paused,
  rollingOut,
  scalingDown,
  scalingUp,
  settingsChanged,
  workersUnavailable,
} from './workers.ts'

/** How soon something that the API server refused is tried again. */
const RETRY_MS = 15_000

export const POOL_RULES: readonly PoolRule[] = [
  beingDeleted, // its end comes before everything else
  invalidPool, // nothing in it can be relied on
  natsNotConfigured, // workers could not reach anybody
  storageMissing, // workers are made of it
  nameTaken, // not ours to touch
  denied, // all workers go
  paused, // all workers go
  firstWorkers, // nothing is there yet
  settingsChanged, // workers as they are wanted now, then their number
  brokerUnreachable, // who does what is not known
  workersUnavailable, // wanted, and do not get going
  scalingUp, // more are wanted than are ready
  rollingOut, // enough, some as they were before
  scalingDown, // more are there than are wanted
  allReady,
]

export function decidePool(observed: PoolObserved): PoolDecision {
  const stopped =
    observed.problems.length === 0 && (observed.pool.spec.paused === true || deniedSettings(observed).length > 0)
  const scene = sceneOf(observed, { stopped })
  for (const rule of POOL_RULES) {
    const ruling = rule(scene)
    if (ruling !== undefined) return poolDecisionOf(ruling, observed)
  }
  throw new Error('no rule applies to a pool, though the last one always does')
}

/** What becomes of the pool when the API server refuses what was decided; undefined: nothing to tell, try again. */
export function poolDecisionAfter({ kind, code, message }: Fault, observed: PoolObserved): PoolDecision | undefined {
  switch (kind) {
    case 'invalid':
    case 'denied': {
      const reason = code === 'NameTaken' ? 'NameTaken' : 'WorkersUnavailable'
      const lookAgainAt = observed.now + RETRY_MS
      return poolDecisionOf({ reason, message, ready: false, state: 'stalled', lookAgainAt }, observed)
    }
    case 'defect': {
      const told = `${message}; please report it`
      return poolDecisionOf({ reason: 'Defect', message: told, ready: false, state: 'stalled' }, observed)
    }
    case 'missing':
    case 'conflict':
    case 'transient':
      return undefined
  }
}
