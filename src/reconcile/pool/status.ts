// Turns a ruling about a pool into its next status and events, in one place. What only counts is not written more often than
// every few seconds: a busy pool must not write at every step.
import { isSameJson } from '../../base/index.ts'
import type { Condition, PoolConditionType, WorkerPoolStatus } from '../../manifest/index.ts'
import type { RunEvent } from '../decision.ts'
import { earliest, iso } from '../ruling.ts'
import type { PoolDecision } from './decision.ts'
import type { PoolObserved } from './observed.ts'
import { storageNameOf } from './pool-object.ts'
import type { PoolRuling } from './ruling.ts'

/** How often busy, idle and backlog are written, at most. */
export const COUNT_PERIOD = 5_000
/** The schema's limit on messages. */
const MESSAGE_LENGTH = 2048

export function poolDecisionOf(ruling: PoolRuling, observed: PoolObserved): PoolDecision {
  const { pool, now } = observed
  const old = pool.status
  const counted = countedStatus(observed)
  const status = ruling.keepStatus === true ? old : { ...nextStatus(ruling, observed), ...counted.status }
  const lookAgainAt = earliest(ruling.lookAgainAt, counted.lookAgainAt)
  return {
    actions: ruling.actions ?? [],
    status,
    events: [...(ruling.events ?? []), ...(ruling.keepStatus === true ? [] : transitionEvents(old, status))],
    ...(lookAgainAt === undefined ? {} : { lookAgainMs: Math.max(0, lookAgainAt - now) }),
  }
}

function nextStatus(ruling: PoolRuling, observed: PoolObserved): WorkerPoolStatus {
  const { pool, now, deployment } = observed
  const old = pool.status
  const message = ruling.message.slice(0, MESSAGE_LENGTH)
  const desired = ruling.scale?.desired ?? old.desiredReplicas ?? 0
  const ready = deployment?.ready ?? 0
  const { surplus = undefined } = ruling.scale ?? {}
  const lastScaleTime = desired === (old.desiredReplicas ?? 0) ? old.lastScaleTime : iso(now)
  return {
    observedGeneration: pool.metadata.generation,
    reason: ruling.reason,
    message,
    conditions: conditionsOf({ ...ruling, message }, observed),
    storage: storageNameOf(pool.spec),
    ready: `${Math.min(ready, desired)}/${desired}`,
    replicas: deployment?.total ?? 0,
    readyReplicas: ready,
    desiredReplicas: desired,
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    ...(surplus === undefined ? {} : { surplus: { since: iso(surplus.since), needed: surplus.needed } }),
  }
}

/** Counters as they were written last, until it is time to write them again. */
function countedStatus({ pool, now, load }: PoolObserved): { status: WorkerPoolStatus; lookAgainAt?: number } {
  const { busy, idle, backlog, countedAt } = pool.status
  const counts = { busy: load.busy.length, idle: load.idle.length, backlog: load.backlog }
  const written = Date.parse(countedAt ?? '')
  const isSame = isSameJson({ busy, idle, backlog }, counts)
  if (isSame && countedAt !== undefined) return { status: { ...counts, countedAt } }
  const due = written + COUNT_PERIOD
  if (Number.isNaN(written) || now >= due || written > now) return { status: { ...counts, countedAt: iso(now) } }
  const kept = { ...pool.status }
  const status: WorkerPoolStatus = {
    ...(kept.busy === undefined ? {} : { busy: kept.busy }),
    ...(kept.idle === undefined ? {} : { idle: kept.idle }),
    ...(kept.backlog === undefined ? {} : { backlog: kept.backlog }),
    ...(countedAt === undefined ? {} : { countedAt }),
  }
  return { status, lookAgainAt: due }
}

function conditionsOf(ruling: PoolRuling, { pool, now }: PoolObserved): Condition[] {
  const old = new Map((pool.status.conditions ?? []).map((condition) => [condition.type, condition]))
  const condition = (type: PoolConditionType, holds: boolean): Condition => {
    const status = holds ? 'True' : 'False'
    const before = old.get(type)
    return {
      type,
      status,
      reason: ruling.reason,
      message: ruling.message,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : iso(now),
      observedGeneration: pool.metadata.generation,
    }
  }
  return [
    // kstatus takes Ready=False for "not yet"; a paused pool is as it should be.
    ...(ruling.reason === 'Paused' ? [] : [condition('Ready', ruling.ready)]),
    condition('Reconciling', ruling.state === 'working'),
    condition('Stalled', ruling.state === 'stalled'),
  ]
}

const TOLD: Partial<Record<RunEvent['reason'], RunEvent['type']>> = {
  InvalidPool: 'Warning',
  NatsNotConfigured: 'Warning',
  NameTaken: 'Warning',
  Denied: 'Warning',
  WorkersUnavailable: 'Warning',
  BrokerUnreachable: 'Warning',
  StorageNotFound: 'Normal',
  Paused: 'Normal',
}

/** One event for each change of the reason that people must know of; how many workers there are is told by itself. */
function transitionEvents(old: WorkerPoolStatus, next: WorkerPoolStatus): RunEvent[] {
  const reason = next.reason as RunEvent['reason']
  const type = TOLD[reason]
  return old.reason === reason || type === undefined
    ? []
    : [{ type, reason, message: (next.message ?? '').slice(0, 1024) }]
}
