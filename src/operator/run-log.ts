// What is logged of a run. Every line has the run's ids; one of a step has the step's too.
import type { Logger } from 'pino'
import type { RunStatus, StepStatus } from '../manifest/index.ts'
import { type RunObject, textAt } from '../reconcile/index.ts'

/** A logger whose lines say which run they are about. */
export function logOfRun(log: Logger, { metadata, spec, status }: RunObject): Logger {
  return log.child({
    run: `${metadata.namespace}/${metadata.name}`,
    runId: status.runId ?? spec.runId ?? metadata.uid,
    runUid: metadata.uid,
    correlationId: spec.correlationId,
    attempt: status.attempt,
  })
}

/** The same ids of a run as the API has it, which may have any shape; of one that is gone only the key. */
export function idsOfRaw(key: string, raw: unknown): Record<string, unknown> {
  const runUid = textAt(raw, 'metadata', 'uid')
  return { run: key, runId: textAt(raw, 'status', 'runId') ?? textAt(raw, 'spec', 'runId') ?? runUid, runUid }
}

const GOES_ON: readonly StepStatus['state'][] = ['Pending', 'Queued', 'Running']

/** One line when a step or the run has come to an end, or changed its phase. */
export function logTransition(log: Logger, run: RunObject, status: RunStatus): void {
  const told = logOfRun(log, { ...run, status })
  const before = new Map((run.status.steps ?? []).map((step) => [`${step.process}/${step.step}`, step.state]))
  for (const { process, step, state, attempt, try: number, reason, rows, durationMs } of status.steps ?? []) {
    if (GOES_ON.includes(state) || before.get(`${process}/${step}`) === state) continue
    told.child({ process, step, attempt, try: number }).info({ state, reason, rows, durationMs }, 'step ended')
  }
  if (run.status.phase === status.phase && run.status.reason === status.reason) return
  told.info({ phase: status.phase, reason: status.reason, progress: status.progress }, 'run changed')
}
