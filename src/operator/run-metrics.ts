// What the change of a run's status means in metrics. Told once per written status, so nothing counts twice. Names, labels and
// words are those of local runs: an attempt of a pipeline, a process or a step ends with success, failure or cancelled, and a
// failure has the kind of its fault.
import type { FaultKind } from '../base/index.ts'
import type { Reason, RunStatus, StepStatus } from '../manifest/index.ts'
import type { Ending } from '../observability/index.ts'
import type { Plan } from '../plan/index.ts'
import { recordsOf } from '../reconcile/index.ts'
import type { OperatorMetrics } from './metrics.ts'

/** Where runs with a pipeline of their own are counted: their names are not bounded. */
export const INLINE = '(inline)'

export interface RunChange {
  /** Name of the pipeline that the run refers to. */
  pipeline: string | undefined
  /** Undefined before the start. */
  plan: Plan | undefined
  before: RunStatus
  after: RunStatus
}

export function countRun(metrics: OperatorMetrics, { pipeline = INLINE, plan, before, after }: RunChange): void {
  const known = new Map((before.steps ?? []).map((step) => [keyOf(step), step]))
  for (const step of after.steps ?? []) countStep(metrics, pipeline, known.get(keyOf(step)), step)
  if (plan !== undefined)
    countProcesses(metrics, pipeline, { before: recordsOf(plan, before), after: recordsOf(plan, after) })
  countAttempt(metrics, pipeline, before, after)
}

function countAttempt(metrics: OperatorMetrics, name: string, before: RunStatus, after: RunStatus): void {
  const isOver = ({ finishedAt, reason }: RunStatus) => finishedAt !== undefined || reason === 'WaitingForRetry'
  if (isOver(before) || !isOver(after)) return
  const status = after.phase === 'Succeeded' ? 'success' : after.phase === 'Cancelled' ? 'cancelled' : 'failure'
  // Its first failure in declared order is the run's.
  const reason =
    after.reason === 'StepFailed' || after.reason === 'WaitingForRetry' ? after.failures?.[0]?.reason : after.reason
  const ending = { scope: 'pipeline', name, status, reason } as const
  countEnding(metrics, ending, secondsBetween(after.attemptStartedAt, latest(after) ?? after.finishedAt))
}

/** When the attempt ended: the run's own end, or that of its last step while the next attempt is waited for. */
const latest = ({ finishedAt, steps = [] }: RunStatus): string | undefined =>
  finishedAt ??
  steps
    .flatMap((step) => step.finishedAt ?? [])
    .sort()
    .at(-1)

function countProcesses(
  metrics: OperatorMetrics,
  pipeline: string,
  { before, after }: Record<'before' | 'after', StepStatus[]>,
): void {
  const was = Map.groupBy(before, ({ process }) => process)
  for (const [process, steps] of Map.groupBy(after, (step) => step.process)) {
    const status = endingOf(steps)
    if (status === undefined || endingOf(was.get(process) ?? []) !== undefined) continue
    const reason = steps.find(({ state }) => state === 'Failed')?.reason
    const since = steps.flatMap((step) => step.since ?? []).sort()[0]
    const until = steps
      .flatMap((step) => step.finishedAt ?? [])
      .sort()
      .at(-1)
    countEnding(
      metrics,
      { scope: 'process', name: `${pipeline}/${process}`, status, reason },
      secondsBetween(since, until),
    )
  }
}

/** Undefined while it goes on, and for one that was never begun. */
function endingOf(steps: StepStatus[]): Ending | undefined {
  const some = (state: StepStatus['state']) => steps.some((step) => step.state === state)
  if (some('Running')) return undefined
  if (some('Failed')) return 'failure'
  if (some('Cancelled')) return 'cancelled'
  return steps.length > 0 && steps.every(({ state }) => state === 'Succeeded') ? 'success' : undefined
}

const STEP_ENDINGS: { readonly [S in StepStatus['state']]?: Ending } = {
  Succeeded: 'success',
  Failed: 'failure',
  Cancelled: 'cancelled',
}

function countStep(
  metrics: OperatorMetrics,
  pipeline: string,
  before: StepStatus | undefined,
  after: StepStatus,
): void {
  if (before?.state === after.state && before.try === after.try && before.attempt === after.attempt) return
  const name = `${pipeline}/${keyOf(after)}`
  const { reason } = after
  if (after.try > (before?.try ?? 1)) metrics.count('loom_step_retries_total', { reason: reason ?? '' })
  const status = STEP_ENDINGS[after.state]
  if (status === undefined) return
  const measured = after.durationMs === undefined ? undefined : after.durationMs / 1000
  countEnding(
    metrics,
    { scope: 'step', name, status, reason },
    measured ?? secondsBetween(after.since, after.finishedAt),
  )
  if (status === 'failure') metrics.count('loom_step_failures_total', { reason: reason ?? '' })
  if (status !== 'success') return
  metrics.count('loom_step_rows_total', { name }, after.rows ?? 0)
  metrics.count('loom_step_bytes_total', { name }, after.bytes ?? 0)
}

function countEnding(
  metrics: OperatorMetrics,
  {
    scope,
    name,
    status,
    reason,
  }: { scope: 'pipeline' | 'process' | 'step'; name: string; status: Ending; reason: string | undefined },
  seconds: number | undefined,
): void {
  if (seconds !== undefined) metrics.observe('loom_lifecycle_duration_seconds', { scope, name, status }, seconds)
  if (status === 'failure') metrics.count('loom_lifecycle_errors_total', { scope, name, kind: kindOf(reason) })
}

const KINDS: { readonly [R in Reason]?: FaultKind } = {
  InvalidInput: 'invalid',
  InvalidPipeline: 'invalid',
  PlanTooLarge: 'invalid',
  CreateContainerError: 'invalid',
  PodCreationFailed: 'invalid',
  AccessDenied: 'denied',
  AdmissionDenied: 'denied',
  Denied: 'denied',
  MissingInput: 'missing',
  PipelineNotFound: 'missing',
  StorageNotFound: 'missing',
  PlanLost: 'missing',
  WriteConflict: 'conflict',
  Defect: 'defect',
}

/** All others may pass. */
const kindOf = (reason: string | undefined): FaultKind => KINDS[reason as Reason] ?? 'transient'

const keyOf = ({ process, step }: Pick<StepStatus, 'process' | 'step'>): string => `${process}/${step}`

/** Undefined where a time is missing, or is none: somebody else may have written it. */
function secondsBetween(since: string | undefined, until: string | undefined): number | undefined {
  const seconds = (Date.parse(until ?? '') - Date.parse(since ?? '')) / 1000
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}
