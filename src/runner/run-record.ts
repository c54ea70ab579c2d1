// One record per run id, beside the temps: which plan it runs. A run id that is used again resumes (the tables know what is
// committed); with another plan it is refused, and while somebody else is at it as well.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../base/index.ts'
import { storageFault } from '../formats/index.ts'
import { readJson, replaceJson } from './json-file.ts'
import { holdRun } from './run-lock.ts'
import { sweepEndlessRuns, sweepRecords } from './sweep.ts'
import { type Cleaner, runFolder } from './temp-places.ts'
import { folderCleaner } from './temps.ts'

export interface ClaimOptions {
  /** Absolute folder of records, locks and scratch files. Default: that of temps. */
  recordRoot?: string
  /** Of temps: that folder, or a place in an object store. */
  tempRoot: string
  runId: string
  planHash: string
  /** Milliseconds since the epoch. */
  now: number
  /** Removes the temps of runs that were left long ago. */
  cleaner?: Cleaner
}

/** Gives the run id back: the next process may resume it. */
export type Release = () => Promise<void>

/**
 * Takes the run id for this process, and removes what runs have left behind that were killed long ago.
 * @throws Fault invalid InvalidId, invalid RunIdReused (another plan), conflict RunInProgress (somebody is at it), and
 *   StorageFull, StorageDenied or StorageFailed when the folder of temps can't be used
 */
export async function claimRun(options: ClaimOptions): Promise<Release> {
  const { tempRoot, recordRoot = tempRoot, runId, now, cleaner = folderCleaner } = options
  runFolder(tempRoot, runId) // checks the id
  try {
    const lock = await holdRun(join(recordRoot, 'locks', runId), 'run')
    if ('heldBy' in lock) throw inProgress(runId, lock.heldBy.pid)
    try {
      await recordPlan({ ...options, recordRoot, cleaner })
      await sweepEndlessRuns({ recordRoot, tempRoot, now, cleaner })
      await sweepRecords(recordRoot, now)
    } catch (thrown) {
      await lock.release()
      throw thrown
    }
    return lock.release
  } catch (thrown) {
    throw storageFault('keep records of runs', recordRoot, thrown)
  }
}

/** A damaged record is as good as none, but whose plan the temps are from is unknown then; of tables their logs know. */
async function recordPlan({
  recordRoot,
  tempRoot,
  runId,
  planHash,
  now,
  cleaner,
}: ClaimOptions & { recordRoot: string; cleaner: Cleaner }): Promise<void> {
  const folder = join(recordRoot, 'records')
  const path = join(folder, `${runId}.json`)
  const before = await readJson(path)
  const known = typeof before === 'string' ? undefined : before['planHash']
  if (typeof known === 'string' && known !== planHash) throw reused(runId, known, planHash)
  if (before === 'broken') await cleaner.deleteTree(runFolder(tempRoot, runId)).catch(() => undefined)
  await mkdir(folder, { recursive: true })
  await replaceJson(path, { version: 1, runId, planHash, claimedAt: new Date(now).toISOString() })
}

const inProgress = (runId: string, pid: number): Fault =>
  new Fault({
    kind: 'conflict',
    code: 'RunInProgress',
    message: `cannot run with run id "${runId}": process ${pid} is at it; wait for its end, or use another run id`,
  })

const reused = (runId: string, known: string, planHash: string): Fault =>
  new Fault({
    kind: 'invalid',
    code: 'RunIdReused',
    message: `cannot run with run id "${runId}": it was used with another plan (${short(known)}, now ${short(planHash)}); use another run id, or the same pipeline, params and include`,
  })

const short = (hash: string): string => hash.slice(0, 'sha256:'.length + 12)
