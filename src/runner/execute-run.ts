// A whole run on this machine, as the command line and the library do it: take the run id, run the plan, flush the
// observers, tidy up, give the run id back (RUN-10, RUN-11).
import { storesOf } from '../formats/index.ts'
import type { RunReport } from '../plan/index.ts'
import { cleanRunTemps } from './clean-up.ts'
import { flushObservers } from './lifecycle.ts'
import { cleanerOf, openTemps } from './open-temps.ts'
import { type RunPlanInput, runPlan } from './run-plan.ts'
import { claimRun } from './run-record.ts'
import type { Cleaner, RunTemps } from './temp-places.ts'
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
  const { tempRoot, recordRoot = tempRoot } = binding
  const openStore = storesOf(binding)
  const { runId, correlationId } = run
  const cleaning = { cleaner: cleaner ?? cleanerOf(tempRoot, openStore) }
  const temps = input.temps ?? openTemps({ root: tempRoot, runId, correlationId, openStore, ...cleaning })
  const release = await claimRun({ recordRoot, tempRoot, runId, planHash: plan.hash, now: now(), ...cleaning })
  let kept = false
  const keepRunTemps = (report: RunReport): boolean => {
    kept = input.keepRunTemps?.(report) ?? false
    return kept
  }
  const workRoot = workFolderOf(recordRoot, runId)
  const engine = rememberingFiles(input.engine, writtenFilesFolder(recordRoot, runId))
  try {
    return await runPlan({ ...input, engine, temps, openStore, workRoot, keepRunTemps })
  } finally {
    await flushObservers(observers, log)
    if (!kept) await cleanRunTemps(temps, log)
    await removeWorkFolder(recordRoot, runId)
    await release()
  }
}
