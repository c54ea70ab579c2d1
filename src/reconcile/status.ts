// Turns a ruling into the next status and its events, in one place, so that no rule can forget a condition.
//
// C1 Tools agree: Succeeded is Unknown exactly while Reconciling is True, and False exactly when Stalled is True. So kstatus
//    reads a run as in progress, current or failed when `kubectl wait --for=condition=Succeeded` waits, returns or waits in vain.
import { showDuration } from '../base/index.ts'
import { type Condition, type ConditionType, FINAL_PHASES, type Phase, type RunStatus } from '../manifest/index.ts'
import { boundedText } from './bounded-text.ts'
import type { Decision, RunEvent } from './decision.ts'
import { leaseWishes } from './lease-wishes.ts'
import { FINALIZER, RUN_MESSAGE_BYTES, STATUS_BYTES } from './limits.ts'
import type { Observed } from './observed.ts'
import { roundStartedAt } from './restart.ts'
import { iso, type Ruling } from './ruling.ts'
import { detailsOf, type StepRecord, statusOfRecords } from './step-record.ts'

export function decisionOf(ruling: Ruling, observed: Observed): Decision {
  const old = observed.run.status
  const status = ruling.keepStatus === true ? old : nextStatus(ruling, observed)
  const lookAgainMs = ruling.lookAgainAt === undefined ? undefined : Math.max(0, ruling.lookAgainAt - observed.now)
  return {
    actions: ruling.actions ?? [],
    status,
    events: [...(ruling.events ?? []), ...(ruling.keepStatus === true ? [] : transitionEvents(old, status))],
    ...leaseWishes(ruling, observed),
    ...(lookAgainMs === undefined ? {} : { lookAgainMs }),
  }
}

function nextStatus(ruling: Ruling, observed: Observed): RunStatus {
  const { run, plan, now } = observed
  const old = run.status
  const message = boundedText(ruling.message, RUN_MESSAGE_BYTES)
  const known = plan.state === 'compiled' || plan.state === 'stored' ? plan.plan : undefined
  const steps = ruling.records === undefined || known === undefined ? {} : statusOfRecords(known, ruling.records, old)
  const final = FINAL_PHASES.includes(ruling.phase)
  const ended = final && old.finishedAt === undefined ? { finishedAt: iso(now), ...durationOf(old, now) } : {}
  const status: RunStatus = {
    ...old,
    ...definedOnly(ruling.set ?? {}),
    ...steps,
    ...ended,
    observedGeneration: run.metadata.generation,
    phase: ruling.phase,
    reason: ruling.reason,
    message,
    conditions: conditionsOf({ ...ruling, message }, observed),
  }
  if (ruling.phase === 'Succeeded' && !run.metadata.finalizers.includes(FINALIZER)) delete status.plan
  // What was asked for before the start asks for nothing afterwards.
  if (old.startedAt === undefined && (!final || old.finishedAt === undefined) && run.spec.restarts !== undefined)
    status.restarts = run.spec.restarts
  // A run that was refused before its start, and goes on since it was changed, has not ended.
  if (!final) {
    delete status.finishedAt
    delete status.duration
  }
  for (const [key, value] of Object.entries(ruling.set ?? {})) if (value === null) delete status[key as keyof RunStatus]
  return withDetails(status, ruling.records ?? status.steps ?? [])
}

/** One that was never started took no time. */
function durationOf(old: RunStatus, now: number): Pick<RunStatus, 'duration'> {
  const since = roundStartedAt(old)
  return since === undefined ? {} : { duration: showDuration(now - Date.parse(since)) }
}

/** As many details of steps as there is room for; none is written as none. */
function withDetails({ steps: _old, ...status }: RunStatus, records: StepRecord[]): RunStatus {
  const room = STATUS_BYTES - Buffer.byteLength(JSON.stringify({ ...status, steps: [] }))
  const steps = detailsOf(records, room)
  return steps.length === 0 ? status : { ...status, steps }
}

function conditionsOf(ruling: Ruling, { run, now }: Observed): Condition[] {
  const old = new Map((run.status.conditions ?? []).map((condition) => [condition.type, condition]))
  const condition = (
    type: ConditionType,
    status: Condition['status'],
    about: { reason: string; message: string },
  ): Condition => {
    const before = old.get(type)
    const since = before?.status === status ? before.lastTransitionTime : iso(now)
    return {
      type,
      status,
      reason: about.reason,
      message: about.message,
      lastTransitionTime: since,
      observedGeneration: run.metadata.generation,
    }
  }
  const final = FINAL_PHASES.includes(ruling.phase)
  const yes = (is: boolean): Condition['status'] => (is ? 'True' : 'False')
  const compiled = compiledStatus(ruling, old.get('Compiled'))
  const about = { reason: ruling.reason, message: ruling.message }
  return [
    condition('Succeeded', succeededStatus(ruling.phase), about),
    // A suspended run has not done its work: what depends on it must not go on, as with a suspended Job.
    condition('Reconciling', yes(!final), about),
    condition('Stalled', yes(final && ruling.phase !== 'Succeeded'), about),
    ...(compiled === undefined
      ? []
      : [
          condition(
            'Compiled',
            compiled,
            compiled === 'False' ? about : { reason: 'Compiled', message: 'the pipeline compiled' },
          ),
        ]),
  ]
}

function compiledStatus(ruling: Ruling, before: Condition | undefined): Condition['status'] | undefined {
  if (ruling.compiled !== undefined) return ruling.compiled ? 'True' : 'False'
  return before?.status
}

function succeededStatus(phase: Phase): Condition['status'] {
  if (phase === 'Succeeded') return 'True'
  return FINAL_PHASES.includes(phase) ? 'False' : 'Unknown'
}

/** One event for each change of phase or reason that users follow; waiting and running are told by the status alone. */
function transitionEvents(old: RunStatus, next: RunStatus): RunEvent[] {
  if (old.phase === next.phase && old.reason === next.reason) return []
  const reason = next.reason as RunEvent['reason']
  const message = next.message ?? ''
  if (next.phase === 'Failed') return [{ type: 'Warning', reason, message }]
  if (old.reason === 'Suspended' && reason === 'Running')
    return [{ type: 'Normal', reason, message: 'goes on after it was suspended' }]
  const told = [
    'Started',
    'Restarted',
    'Succeeded',
    'Cancelled',
    'Suspended',
    'WaitingForRetry',
    'Stopping',
    'PipelineNotFound',
    'StorageNotFound',
  ]
  return told.includes(reason) ? [{ type: 'Normal', reason, message }] : []
}

const definedOnly = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], null> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null && member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], null>
  }
