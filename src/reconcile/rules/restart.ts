// An ended run that is asked to go on. The steps are started by the next look, which finds a run like any other.
import { stepsOf } from '../../plan/index.ts'
import { wantsRestart } from '../restart.ts'
import { iso, type Rule } from '../ruling.ts'
import { recordsOf, type StepRecord } from '../step-record.ts'

/**
 * What has succeeded stays so, under the same plan; all other steps are as if they had not been begun. A step's pod
 * may have ended before its Job has: then the run stays as it ended until that has, too, so that no step has two Jobs.
 */
export const restarted: Rule = (observed) => {
  const { run, plan, now, jobs } = observed
  const { status, spec } = run
  if (status.startedAt === undefined || !wantsRestart(run)) return undefined
  if (jobs.some(({ state }) => state === 'active')) return undefined
  const restarts = spec.restarts ?? 0
  if (plan.state !== 'stored')
    return {
      phase: 'Failed',
      reason: 'PlanLost',
      message: plan.state === 'lost' ? plan.message : 'cannot go on: the plan of the run is gone; start a new run',
      set: { restarts },
    }
  const attempt = (status.attempt ?? 1) + 1
  const records = recordsOf(plan.plan, status).map(
    (record): StepRecord =>
      record.state === 'Succeeded'
        ? record
        : { process: record.process, step: record.step, state: 'Pending', attempt, try: 1 },
  )
  const left = records.filter(({ state }) => state !== 'Succeeded').length
  return {
    phase: 'Running',
    reason: 'Restarted',
    message: `restarted after ${status.phase}: attempt ${attempt} runs what has not succeeded, ${left} of ${stepsOf(plan.plan).length} steps`,
    records,
    set: {
      attempt,
      attemptStartedAt: iso(now),
      attemptsBefore: attempt - 1,
      restarts,
      restartedAt: iso(now),
      nextAttemptAt: null,
      failures: null,
    },
    lookAgainAt: now,
  }
}
