// One look at one run: observe → decide → apply. It holds no rules.

import type { Logger } from 'pino'
import { asFault, canonicalJson } from '../base/index.ts'
import type { Applier, Observer } from '../effects/index.ts'
import { type Decision, decideRun, decisionAfter, type Observed, type StoredPlan } from '../reconcile/index.ts'
import type { OperatorMetrics } from './metrics.ts'
import { countRun } from './run-metrics.ts'

export interface ReconcilerOptions {
  observer: Observer
  applier: Applier
  metrics: OperatorMetrics
  log: Logger
}

/** @returns a function that looks at one run and tells after how many ms to look again, if no change comes before */
export function reconciler({
  observer,
  applier,
  metrics,
  log,
}: ReconcilerOptions): (key: string) => Promise<number | undefined> {
  return async (key) => {
    const seen = await observer.observe(key)
    if (seen === undefined) return undefined
    const { observed, reading } = seen
    const act = async (decided: Decision) => {
      const stored = planOf(observed) ?? observer.storedPlan(observed.run)
      await applier.apply({ observed, decision: decided, storedStatus: reading.storedStatus, stored })
    }
    let decision: Decision
    try {
      decision = decideRun(observed)
      await act(decision)
    } catch (thrown) {
      const fault = asFault(thrown)
      const told = decisionAfter(fault, observed)
      if (told === undefined) throw fault
      if (fault.kind === 'defect') log.error({ run: key, err: fault.cause ?? fault }, fault.message)
      decision = told
      await act(decision)
    }
    const { status } = decision
    if (canonicalJson(observed.run.status) !== canonicalJson(status)) {
      countRun(metrics, pipelineOf(observed), observed.run.status, status)
      logTransition(log, observed, status)
    }
    return decision.lookAgainMs
  }
}

function planOf({ plan }: Observed): StoredPlan | undefined {
  if (plan.state !== 'compiled' && plan.state !== 'stored') return undefined
  return { plan: plan.plan, binding: plan.binding, pods: plan.pods }
}

function pipelineOf({ plan, run }: Observed): string {
  return plan.state === 'stored' || plan.state === 'compiled'
    ? plan.plan.pipeline
    : (run.spec.pipelineRef?.name ?? run.metadata.name)
}

/** One line when a step or the run has come to an end, or changed its phase. */
function logTransition(log: Logger, { run }: Observed, status: Observed['run']['status']): void {
  const ids = {
    run: `${run.metadata.namespace}/${run.metadata.name}`,
    runId: status.runId,
    correlationId: run.spec.correlationId,
  }
  const before = new Map((run.status.steps ?? []).map((step) => [`${step.process}/${step.step}`, step.state]))
  for (const { process, step, state, attempt, try: number, reason, rows, durationMs } of status.steps ?? []) {
    if (state === 'Running' || state === 'Pending' || before.get(`${process}/${step}`) === state) continue
    log.info({ ...ids, process, step, attempt, try: number, state, reason, rows, durationMs }, 'step ended')
  }
  if (run.status.phase === status.phase && run.status.reason === status.reason) return
  log.info(
    { ...ids, phase: status.phase, reason: status.reason, attempt: status.attempt, progress: status.progress },
    'run changed',
  )
}
