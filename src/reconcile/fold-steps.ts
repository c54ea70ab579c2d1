// Brings the records of running steps up to date with what their Jobs and pods show.
import { boundedText } from './bounded-text.ts'
import type { Action, RunEvent } from './decision.ts'
import { judgeLease, type LeaseVerdict } from './judge-lease.ts'
import { isOf, judgeStep } from './judge-step.ts'
import { STEP_MESSAGE_BYTES } from './limits.ts'
import type { Observed } from './observed.ts'
import { type Place, placeOf } from './place.ts'
import type { StepRecord } from './step-record.ts'
import { withWayOut } from './way-out.ts'

export interface Fold {
  records: StepRecord[]
  actions: Action[]
  events: RunEvent[]
  /** Steps that something keeps from running: what the run's reason should say. */
  held: StepRecord[]
  /** When waiting becomes failing for one of them. */
  lookAgainAt: number[]
}

/** @param stopping the run is being stopped: what was interrupted counts as cancelled instead of being tried again */
export function foldSteps(records: StepRecord[], observed: Observed, stopping: boolean): Fold {
  const fold: Fold = { records: [], actions: [], events: [], held: [], lookAgainAt: [] }
  const place = placeOf(observed)
  for (const record of records) {
    const verdict = judge(record, observed, place)
    if (verdict === undefined) fold.records.push(record)
    else foldOne(fold, record, verdict, { observed, stopping })
  }
  return fold
}

/** undefined: nothing is to be judged. */
function judge(record: StepRecord, observed: Observed, place: Place): LeaseVerdict | undefined {
  if (record.pool === undefined) {
    if (record.state === 'Queued') return { kind: 'again', reason: 'LeaseExpired', message: 'its pool is not known' }
    return record.state === 'Running' ? judgeStep(record, observed) : undefined
  }
  if (record.state === 'Queued' || record.state === 'Running') return judgeLease(record, observed, place)
  // withdrawn, but a worker was faster
  const lease = record.state === 'Pending' ? observed.leases.find(isOf(record)) : undefined
  return lease === undefined || lease.state === 'offered' ? undefined : judgeLease(record, observed, place)
}

function foldOne(
  fold: Fold,
  before: StepRecord,
  verdict: LeaseVerdict,
  { observed, stopping }: { observed: Observed; stopping: boolean },
): void {
  const { reason: _reason, message: _message, ...bare } = before
  const finishedAt = new Date(observed.now).toISOString()
  switch (verdict.kind) {
    case 'running':
      fold.records.push(before.state === 'Running' ? bare : { ...bare, state: 'Running', since: finishedAt })
      if (verdict.lookAgainAt !== undefined) fold.lookAgainAt.push(verdict.lookAgainAt)
      return
    case 'held': {
      const record = { ...bare, reason: verdict.reason, message: withWayOut(verdict.reason, verdict.message) }
      fold.records.push(record)
      fold.held.push(record)
      fold.lookAgainAt.push(verdict.untilMs)
      if (before.reason !== verdict.reason) fold.events.push(warning(record))
      return
    }
    case 'succeeded': {
      const { write, durationMs } = verdict.outcome
      const written =
        write === undefined
          ? {}
          : {
              rows: write.rows,
              bytes: write.bytes,
              ...(write.tableVersion === undefined ? {} : { tableVersion: write.tableVersion }),
            }
      fold.records.push({ ...bare, state: 'Succeeded', finishedAt, ...written, durationMs: Math.round(durationMs) })
      return
    }
    case 'failed': {
      const record: StepRecord = {
        ...bare,
        state: 'Failed',
        finishedAt,
        reason: verdict.reason,
        message:
          verdict.outcome === undefined
            ? withWayOut(verdict.reason, verdict.message)
            : boundedText(verdict.message, STEP_MESSAGE_BYTES),
      }
      fold.records.push(record)
      fold.events.push(warning(record))
      fold.actions.push(...stopJob(before, observed))
      return
    }
    case 'queued':
      fold.records.push({ ...bare, state: 'Queued' })
      return
    case 'disrupted':
    case 'again':
    case 'fallback': {
      if (stopping) {
        fold.records.push({ ...bare, state: 'Cancelled', finishedAt })
        return
      }
      const record = nextTry(before, verdict)
      fold.records.push(record)
      if (verdict.kind !== 'fallback') fold.events.push(warning(record))
      else if (fold.events.every(({ reason }) => reason !== 'DispatchFallback')) fold.events.push(fallback(verdict))
      fold.actions.push(...stopJob(before, observed))
      return
    }
  }
}

function nextTry(
  { pool: _pool, ...before }: StepRecord,
  { kind, reason, message }: LeaseVerdict & { kind: 'disrupted' | 'again' | 'fallback' },
): StepRecord {
  const counted = kind === 'disrupted' ? { disruptions: (before.disruptions ?? 0) + 1 } : {}
  return { ...before, state: 'Pending', try: before.try + 1, ...counted, reason, message: withWayOut(reason, message) }
}

/** Said once, however many steps it concerns. */
export const fallback = ({ message }: { message: string }): RunEvent => ({
  type: 'Warning',
  reason: 'DispatchFallback',
  message: boundedText(`steps go as Jobs instead of to a pool: ${message}`, 1000),
})

/**
 * A Job that has not ended must not start its pod later, when its step has been judged already. One whose container has come
 * to its end by itself will end too, and is left alone: its pod has the logs that tell why.
 */
function stopJob(record: StepRecord, observed: Observed): Action[] {
  const hasEnded = observed.pods.some(
    (pod) => isOf(record)(pod) && pod.end !== undefined && pod.end.kind !== 'disrupted',
  )
  if (hasEnded) return []
  return observed.jobs
    .filter(isOf(record))
    .filter(({ state, deleting }) => state === 'active' && !deleting)
    .map(({ name, uid }) => ({ kind: 'deleteJob', name, uid }))
}

export function warning({ process, step, reason, message }: StepRecord): RunEvent {
  return { type: 'Warning', reason: reason as RunEvent['reason'], message: `step "${process}/${step}": ${message}` }
}
