// Which temps go at the end of a run (semantics §7.5; a cancellation counts as a failure, so nothing is deleted that a retry
// needs):
//
//   outcome                   run temps   correlation temps
//   success, last attempt     removed     removed
//   success, more may come    removed     kept
//   failure, more may come    removed     kept
//   failure, last attempt     removed     kept, with a warning
//
// Who makes the next attempt himself may keep the run temps for it: it then works with what this one has worked with, though
// its tables have changed since.
// A cleaner that fails changes no outcome: its error is a warning (RUN-15 without its flaw).
import { asFault } from '../base/index.ts'
import type { RunIdentity, RunReport } from '../plan/index.ts'
import type { StepLog } from '../step/index.ts'
import type { RunTemps } from './temp-places.ts'

export interface CleanUpInput {
  temps: RunTemps
  run: RunIdentity
  log: StepLog
  keepRunTemps: boolean
}

export async function cleanUp(
  { state }: Pick<RunReport, 'state'>,
  { temps, run, log, keepRunTemps }: CleanUpInput,
): Promise<void> {
  if (!keepRunTemps) await cleanRunTemps(temps, log)
  const { correlationId, lastAttempt } = run
  if (correlationId === null || !lastAttempt) return
  if (state === 'Succeeded')
    await orWarn(`temps of correlation id "${correlationId}"`, () => temps.cleanCorrelation(), log)
  else
    log.warn(
      `temps of correlation id "${correlationId}" are kept for another run; remove them with: loom cleanup ${correlationId}`,
    )
}

/** Harmless when they are gone already. Never rejects. */
export async function cleanRunTemps(temps: RunTemps, log: StepLog): Promise<void> {
  await orWarn('temps of the run', () => temps.cleanRun(), log)
}

async function orWarn(what: string, clean: () => Promise<void>, log: StepLog): Promise<void> {
  try {
    await clean()
  } catch (thrown) {
    log.warn(`${what} could not be removed`, { error: asFault(thrown).message })
  }
}
