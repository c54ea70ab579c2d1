// One look at one run: observe → decide → apply. It holds no rules.

import type { Logger } from 'pino'
import { asFault, isSameJson } from '../base/index.ts'
import type { Applier, Observer } from '../effects/index.ts'
import {
  type Decision,
  decideRun,
  decisionAfter,
  earliest,
  type Observed,
  type StoredPlan,
} from '../reconcile/index.ts'
import type { OperatorMetrics } from './metrics.ts'
import { logOfRun, logTransition } from './run-log.ts'
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
    if (seen === undefined) {
      applier.forget(key)
      return undefined
    }
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
      if (fault.kind === 'defect') logOfRun(log, observed.run).error({ err: fault.cause ?? fault }, fault.message)
      decision = told
      await act(decision)
    }
    const { status } = decision
    if (!isSameJson(observed.run.status, status)) {
      const { run } = observed
      const pipeline = run.spec.pipelineRef?.name
      countRun(metrics, { pipeline, plan: planOf(observed)?.plan, before: run.status, after: status })
      logTransition(log, run, status)
    }
    return earliest(decision.lookAgainMs, applier.leaseNewsAfterMs(observed.run))
  }
}

function planOf({ plan }: Observed): StoredPlan | undefined {
  if (plan.state !== 'compiled' && plan.state !== 'stored') return undefined
  return { plan: plan.plan, binding: plan.binding, pods: plan.pods }
}
