// A run that has ended without success and is asked to go on again: `spec.restarts` has grown past what the status has taken
// account of. Its attempts are counted on; the limit of attempts and the time of the run count anew.
import type { RunObject } from './observed.ts'

type Run = Pick<RunObject, 'spec' | 'status'>

/** Its cancellation has to be taken back as well. One that was refused before its start is looked at anew by any change. */
export function wantsRestart({ spec, status }: Run): boolean {
  const { phase, startedAt, finishedAt, restarts = 0 } = status
  const hasFailed = phase === 'Cancelled' || (phase === 'Failed' && startedAt !== undefined)
  return hasFailed && finishedAt !== undefined && spec.cancel !== true && (spec.restarts ?? 0) > restarts
}

/** Number of the present attempt since the start, or since the last restart, from 1. */
export const attemptOfRound = ({ attempt = 1, attemptsBefore = 0 }: Run['status'], of = attempt): number =>
  of - attemptsBefore

/** No attempt follows one of that number. */
export const isLastAttempt = ({ spec, status }: Run, attempt: number): boolean =>
  attemptOfRound(status, attempt) > (spec.retry?.limit ?? 0)

/** When the run began, or was last restarted. */
export const roundStartedAt = ({ startedAt, restartedAt }: Run['status']): string | undefined =>
  restartedAt ?? startedAt
