// A whole run on this machine, as the command line and the library do it: take the run id, run the plan, flush the
// observers, tidy up, give the run id back (RUN-10, RUN-11).
import { openFileStore } from '../formats/index.ts'
import type { RunReport } from '../plan/index.ts'
import { cleanRunTemps } from './clean-up.ts'
import { flushObservers } from './lifecycle.ts'
import { type RunPlanInput, runPlan } from './run-plan.ts'
import { claimRun } from './run-record.ts'
import { type Cleaner, FolderTemps, type RunTemps } from './temps.ts'
import { removeWorkFolder, workFolderOf } from './work-folder.ts'
import { rememberingFiles, writtenFilesFolder } from './written-files.ts'

export interface ExecuteRunInput extends Omit<RunPlanInput, 'temps' | 'openStore' | 'workRoot'> {
  /** Default: in the folder that the binding names. */
  temps?: RunTemps
  /** Removes temps in place of the built-in removal; its errors are warnings. */
  cleaner?: Cleaner
}

/** @throws Fault what claimRun throws; then nothing has been run and no event was emitted */
export async function executeRun({ cleaner, ...input }: ExecuteRunInput): Promise<RunReport> {
  const { plan, binding, run, now, log, observers = [] } = input
  const { tempRoot } = binding
  const { runId, correlationId } = run
  const cleaning = cleaner === undefined ? {} : { cleaner }
  const temps = input.temps ?? new FolderTemps({ root: tempRoot, runId, correlationId, ...cleaning })
  const release = await claimRun({ tempRoot, runId, planHash: plan.hash, now: now(), ...cleaning })
  let kept = false
  const keepRunTemps = (report: RunReport): boolean => {
    kept = input.keepRunTemps?.(report) ?? false
    return kept
  }
  const workRoot = workFolderOf(tempRoot, runId)
  const engine = rememberingFiles(input.engine, writtenFilesFolder(tempRoot, runId))
  try {
    return await runPlan({ ...input, engine, temps, openStore: openFileStore, workRoot, keepRunTemps })
  } finally {
    await flushObservers(observers, log)
    if (!kept) await cleanRunTemps(temps, log)
    await removeWorkFolder(tempRoot, runId)
    await release()
  }
}
