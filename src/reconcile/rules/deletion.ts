// Deleted, and finished: the ends of an ETLRun's life.
import { parseDuration } from '../../base/index.ts'
import { FINAL_PHASES } from '../../manifest/index.ts'
import type { Action } from '../decision.ts'
import { mayBeAtWorker } from '../lease-wishes.ts'
import { CLEAN_UP_DEADLINE, FINALIZER } from '../limits.ts'
import type { Observed } from '../observed.ts'
import { wantsRestart } from '../restart.ts'
import { earliest, type Rule, type Ruling } from '../ruling.ts'

/** Being deleted: stop its Jobs, have its temps removed by a Job that it does not own, then let it go, at the latest after a deadline. */
export const beingDeleted: Rule = (observed) => {
  const { deletedAt, finalizers } = observed.run.metadata
  if (deletedAt === undefined) return undefined
  const kept: Ruling = {
    phase: observed.run.status.phase ?? 'Pending',
    reason: 'Stopping',
    message: 'being deleted',
    keepStatus: true,
    stopLeases: 'cancelled',
  }
  if (!finalizers.includes(FINALIZER)) return kept
  const deadline = deletedAt + CLEAN_UP_DEADLINE
  const letGo: Action = { kind: 'removeFinalizer' }
  const planKnown = observed.plan.state === 'stored' || observed.plan.state === 'compiled'
  if (observed.now >= deadline || observed.cleanUp.state === 'failed' || !planKnown) {
    const message = 'intermediate results could not be removed; they stay in the temp root of the storage'
    return { ...kept, actions: [letGo], events: [{ type: 'Warning', reason: 'CleanUpFailed', message }] }
  }
  if (observed.cleanUp.state === 'complete') return { ...kept, actions: [letGo] }
  const busy = stillRunning(observed)
  if (busy) return { ...kept, actions: stopAll(observed), lookAgainAt: earliest(deadline, oldLeasesEnd(observed)) }
  const actions: Action[] = observed.cleanUp.state === 'none' ? [{ kind: 'createCleanUp', scope: 'run' }] : []
  return { ...kept, actions, lookAgainAt: deadline }
}

/**
 * Ended: nothing changes any more, but a run with a time to live is deleted when it is over. A spec that is changed afterwards
 * is acknowledged, else tools would wait for that for ever.
 */
export const finished: Rule = ({ run, now }) => {
  const { phase, reason, message, finishedAt, observedGeneration } = run.status
  if (phase === undefined || !FINAL_PHASES.includes(phase)) return undefined
  // Refused before it started: a changed spec is looked at anew.
  if (run.status.startedAt === undefined && phase === 'Failed' && observedGeneration !== run.metadata.generation)
    return undefined
  // Cancelled before it started: there is nothing to go on with, so it starts.
  if (run.status.startedAt === undefined && wantsRestart(run)) return undefined
  const kept: Ruling = {
    phase,
    reason: (reason as Ruling['reason']) ?? 'Succeeded',
    message: message ?? '',
    keepStatus: observedGeneration === run.metadata.generation,
  }
  const ttlMs = parseDuration(run.spec.ttlAfterFinished ?? '')
  if (ttlMs === undefined || finishedAt === undefined) return kept
  const due = Date.parse(finishedAt) + ttlMs
  return now >= due ? { ...kept, keepStatus: true, actions: [{ kind: 'deleteRun' }] } : { ...kept, lookAgainAt: due }
}

/** Jobs that have not ended, pods that still run, workers that have a lease or may have one. */
export function stillRunning({ jobs, pods, leases, run, dispatch, now }: Observed): boolean {
  return (
    jobs.some(({ state }) => state === 'active') ||
    pods.some(({ end }) => end === undefined) ||
    leases.some(({ state }) => state === 'leased') ||
    ((run.status.steps ?? []).some(mayBeAtWorker) && now < dispatch.oldLeasesEnd)
  )
}

export function stopAll({ jobs }: Pick<Observed, 'jobs'>): Action[] {
  return jobs
    .filter(({ state, deleting }) => state === 'active' && !deleting)
    .map(({ name, uid }) => ({ kind: 'deleteJob', name, uid }))
}

/** When it is certain that no worker has an old lease, if that is still to come. */
export const oldLeasesEnd = ({ dispatch, now }: Observed): number | undefined =>
  now < dispatch.oldLeasesEnd ? dispatch.oldLeasesEnd : undefined
