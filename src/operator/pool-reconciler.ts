// One look at one worker pool: observe → decide → apply. It holds no rules.
import type { Logger } from 'pino'
import { asFault, isSameJson } from '../base/index.ts'
import type { PoolApplier, PoolObserver } from '../effects/index.ts'
import { decidePool, type PoolDecision, type PoolObserved, poolDecisionAfter } from '../reconcile/index.ts'

export interface PoolReconcilerOptions {
  observer: PoolObserver
  applier: PoolApplier
  log: Logger
}

/** @returns a function that looks at one pool and tells after how many ms to look again, if no change comes before */
export function poolReconciler({
  observer,
  applier,
  log,
}: PoolReconcilerOptions): (key: string) => Promise<number | undefined> {
  return async (key) => {
    const seen = await observer.observe(key)
    if (seen === undefined) return undefined
    const { observed, storedStatus } = seen
    let decision: PoolDecision
    try {
      decision = decidePool(observed)
      await applier.apply(observed, decision, storedStatus)
    } catch (thrown) {
      const fault = asFault(thrown)
      const told = poolDecisionAfter(fault, observed)
      if (told === undefined) throw fault
      if (fault.kind === 'defect') log.error({ pool: key, err: fault.cause ?? fault }, fault.message)
      decision = told
      await applier.apply(observed, decision, storedStatus)
    }
    logTransition(log, observed, decision)
    return decision.lookAgainMs
  }
}

/** One line when the pool has changed; how busy it is, metrics tell. */
function logTransition(log: Logger, { pool }: PoolObserved, { status }: PoolDecision): void {
  const of = ({ reason, desiredReplicas, ready }: PoolObserved['pool']['status']) => ({
    reason,
    desiredReplicas,
    ready,
  })
  if (isSameJson(of(pool.status), of(status))) return
  log.info({ pool: `${pool.metadata.namespace}/${pool.metadata.name}`, ...of(status) }, 'pool changed')
}
