// Before the start: what keeps a run from starting, and the start itself.
import { stepsOf } from '../../plan/index.ts'
import type { Action } from '../decision.ts'
import { FINALIZER, MISSING_REFERENCE_DEADLINE, MOST_STEPS } from '../limits.ts'
import type { Observed } from '../observed.ts'
import { fileProblems, policyProblems } from '../pod-policy.ts'
import { configMapName, packPlan, planFits } from '../render/plan-config-map.ts'
import { earliest, iso, type Rule } from '../ruling.ts'
import { schedule } from '../schedule.ts'
import { recordsOf } from '../step-record.ts'
import { deadlineOf } from './stop.ts'

const notStarted = ({ run }: Observed): boolean => run.status.startedAt === undefined

/** Cancelled before it started. */
export const cancelledBeforeStart: Rule = (observed) =>
  notStarted(observed) && observed.run.spec.cancel === true
    ? { phase: 'Cancelled', reason: 'Cancelled', message: 'cancelled before it started' }
    : undefined

/** Suspended before it started. */
export const suspendedBeforeStart: Rule = (observed) =>
  notStarted(observed) && observed.run.spec.suspend === true
    ? {
        phase: 'Suspended',
        reason: 'Suspended',
        message: 'suspended before it started; set spec.suspend to false to start it',
      }
    : undefined

/** Its pipeline or storage is not there (yet). */
export const referenceMissing: Rule = (observed) => {
  const { plan, run, now } = observed
  if (!notStarted(observed) || plan.state !== 'waiting') return undefined
  const { reason, message } = plan
  const deadline = run.metadata.createdAt + MISSING_REFERENCE_DEADLINE
  if (now >= deadline)
    return { phase: 'Failed', reason, message: `${message}; waited ${MISSING_REFERENCE_DEADLINE / 60_000} minutes` }
  return { phase: 'Pending', reason, message, lookAgainAt: deadline }
}

/** It does not compile: all problems at once. */
export const doesNotCompile: Rule = (observed) => {
  const { plan } = observed
  if (!notStarted(observed) || plan.state !== 'problems') return undefined
  const errors = plan.problems.filter(({ severity }) => severity === 'error')
  const message = errors.map(({ code, path, message: what, hint }) => `${code} at ${path}: ${what}; ${hint}`).join('\n')
  return { phase: 'Failed', reason: 'InvalidPipeline', message, compiled: false }
}

/** It asks for what its storage does not allow. */
export const denied: Rule = (observed) => {
  const { plan, run } = observed
  if (!notStarted(observed) || plan.state !== 'compiled') return undefined
  const problems = [
    ...policyProblems(plan.plan, run.spec.step ?? {}, plan.pods),
    ...fileProblems(plan.plan, plan.binding.fileRoot, plan.pods),
  ]
  return problems.length === 0
    ? undefined
    : { phase: 'Failed', reason: 'Denied', message: problems.join('\n'), compiled: true }
}

/** Its plan is larger than what Kubernetes can hold. */
export const planTooLarge: Rule = (observed) => {
  const { plan } = observed
  if (!notStarted(observed) || plan.state !== 'compiled') return undefined
  const steps = stepsOf(plan.plan).length + plan.plan.skipped.length
  if (steps <= MOST_STEPS && planFits(plan)) return undefined
  const message =
    steps > MOST_STEPS
      ? `cannot keep the plan: it has ${steps} steps, more than ${MOST_STEPS}; split the pipeline`
      : 'cannot keep the plan: it is larger than a ConfigMap may be; split the pipeline, or move large rows and SQL into files'
  return { phase: 'Failed', reason: 'PlanTooLarge', message, compiled: true }
}

/** Start: fix the plan, then the first steps. */
export const start: Rule = (observed) => {
  const { plan, run, now } = observed
  if (!notStarted(observed) || plan.state !== 'compiled') return undefined
  const hasTemps = usesTemps(observed)
  const first: Action[] = hasTemps && !run.metadata.finalizers.includes(FINALIZER) ? [{ kind: 'addFinalizer' }] : []
  const records = recordsOf(plan.plan, { attempt: 1 })
  const scheduled = schedule({ observed, plan: plan.plan, records })
  const makesJobs = scheduled.actions.length > 0
  const packed = makesJobs ? undefined : packPlan(plan)
  const createPlan: Action[] = makesJobs || packed !== undefined ? [] : [{ kind: 'createPlan' }]
  return {
    phase: 'Running',
    reason: 'Started',
    message: `started ${plan.plan.pipeline}`,
    ...scheduled.waits,
    compiled: true,
    actions: [...first, ...createPlan, ...scheduled.actions],
    events: scheduled.events,
    records: scheduled.records,
    set: {
      runId: run.spec.runId ?? run.metadata.uid,
      planHash: plan.plan.hash,
      planConfigMap: configMapName(run.metadata, plan),
      ...(packed === undefined ? {} : { plan: packed }),
      attempt: 1,
      startedAt: iso(now),
      attemptStartedAt: iso(now),
    },
    lookAgainAt: earliest(scheduled.lookAgainAt, deadlineOf(observed)),
  }
}

function usesTemps({ plan }: Observed): boolean {
  if (plan.state !== 'compiled') return false
  return plan.plan.stages.flat().some(({ stages }) => stages.flat().some(({ target }) => target.kind === 'temp'))
}
