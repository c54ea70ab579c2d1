// Turns what a decision wishes of the leases into what the lease server is told: every wanted step with its whole task.
import { type Agreement, type LeasingRun, leaseKey, type Wanted } from '../dispatch/index.ts'
import { type StepPlan, stepsOf, taskOf } from '../plan/index.ts'
import { isLastAttempt, type LeaseWishes, type RunObject, type StoredPlan } from '../reconcile/index.ts'

export function leaseAgreement(
  { metadata, spec, status }: RunObject,
  { wanted, seen, stop, hold, final }: LeaseWishes,
  stored: StoredPlan | undefined,
): [LeasingRun, Agreement] {
  const { uid, namespace, name } = metadata
  const maxParallel = spec.dispatch?.maxParallel
  const steps = new Map<string, StepPlan>(
    stored === undefined ? [] : stepsOf(stored.plan).map((step) => [`${step.process}/${step.name}`, step]),
  )
  const identity = {
    runId: status.runId ?? spec.runId ?? uid,
    uid,
    correlationId: spec.correlationId ?? null,
  }
  const works = wanted.flatMap(({ process, step, attempt, try: number, pool, mayBeHeld }): Wanted[] => {
    const plan = steps.get(`${process}/${step}`)
    if (plan === undefined || stored === undefined) return []
    const run = { ...identity, attempt, lastAttempt: isLastAttempt({ spec, status }, attempt) }
    const task = taskOf(plan, { plan: stored.plan, binding: stored.binding, run })
    const id = { runUid: uid, process, step, attempt, try: number }
    return [{ id, pool: `${namespace}/${pool}`, task, mayBeHeld }]
  })
  const keys = new Set(
    seen.map(({ process, step, attempt, try: number }) =>
      leaseKey({ runUid: uid, process, step, attempt, try: number }),
    ),
  )
  return [
    { uid, key: `${namespace}/${name}`, ...(maxParallel === undefined ? {} : { maxParallel }) },
    { wanted: works, seen: keys, hold: hold === true, final, ...(stop === undefined ? {} : { stop }) },
  ]
}
