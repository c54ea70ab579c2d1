// What the change of a run's status means in metrics. Told once per written status, so nothing counts twice.
import type { RunStatus, StepStatus } from '../manifest/index.ts'
import type { OperatorMetrics } from './metrics.ts'

export function countRun(metrics: OperatorMetrics, pipeline: string, before: RunStatus, after: RunStatus): void {
  const known = new Map((before.steps ?? []).map((step) => [`${step.process}/${step.step}`, step]))
  for (const step of after.steps ?? []) countStep(metrics, pipeline, known.get(`${step.process}/${step.step}`), step)
  if (before.finishedAt !== undefined || after.finishedAt === undefined) return
  const started = Date.parse(after.startedAt ?? after.finishedAt)
  const seconds = (Date.parse(after.finishedAt) - started) / 1000
  metrics.observe(
    'loom_lifecycle_duration_seconds',
    { scope: 'pipeline', name: pipeline, status: after.phase ?? '' },
    seconds,
  )
  if (after.phase === 'Failed')
    metrics.count('loom_lifecycle_errors_total', { scope: 'pipeline', name: pipeline, kind: after.reason ?? '' })
}

function countStep(
  metrics: OperatorMetrics,
  pipeline: string,
  before: StepStatus | undefined,
  after: StepStatus,
): void {
  if (before?.state === after.state && before.try === after.try && before.attempt === after.attempt) return
  const name = `${pipeline}/${after.step}`
  if (after.try > (before?.try ?? 1)) metrics.count('loom_step_retries_total', { reason: after.reason ?? '' })
  if (after.state === 'Failed')
    metrics.count('loom_lifecycle_errors_total', { scope: 'step', name, kind: after.reason ?? '' })
  if (after.state !== 'Succeeded' && after.state !== 'Failed') return
  if (after.durationMs !== undefined)
    metrics.observe(
      'loom_lifecycle_duration_seconds',
      { scope: 'step', name, status: after.state },
      after.durationMs / 1000,
    )
  metrics.count('loom_step_rows_total', { pipeline }, after.rows ?? 0)
  metrics.count('loom_step_bytes_total', { pipeline }, after.bytes ?? 0)
}
