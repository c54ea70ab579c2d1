// Removes what runs leave that were killed, and records that are old. Only runs that held a lock of this temp root are
// looked at: temps of runs that others keep here (pods, say) are none of ours.
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isId } from '../base/index.ts'
import { holdRun } from './run-lock.ts'
import { type Cleaner, runFolder } from './temps.ts'
import { removeWorkFolder } from './work-folder.ts'

interface SweepOptions {
  /** Milliseconds since the epoch. */
  now: number
  cleaner: Cleaner
}

const DAY_MS = 24 * 3_600_000
/** A run id can be resumed for this long. */
const RECORD_DAYS = 30

/**
 * The run temps of processes that died at their run a day ago or earlier: until then it can be resumed with what it had.
 * What can't be removed stays for the next one.
 */
export async function sweepKilledRuns(tempRoot: string, { now, cleaner }: SweepOptions): Promise<void> {
  for (const runId of await namesIn(join(tempRoot, 'locks'))) {
    const folder = join(tempRoot, 'locks', runId)
    if (!isId(runId) || (await silenceIn(folder, now)) < DAY_MS) continue
    const lock = await holdRun(folder, 'sweep')
    if ('heldBy' in lock) continue
    if (lock.foundDead) {
      await cleaner.deleteTree(runFolder(tempRoot, runId)).catch(() => undefined)
      await removeWorkFolder(tempRoot, runId)
    }
    await lock.release()
  }
}

/** Once a day. */
export async function sweepRecords(tempRoot: string, now: number): Promise<void> {
  const folder = join(tempRoot, 'records')
  const marker = join(folder, '.swept')
  if ((await ageOf(marker, now)) < DAY_MS) return
  await writeFile(marker, '')
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    if (name.endsWith('.json') && (await ageOf(path, now)) > RECORD_DAYS * DAY_MS) await rm(path, { force: true })
  }
}

/** Who is alive touches its file now and then. */
async function silenceIn(folder: string, now: number): Promise<number> {
  const ages = (await namesIn(folder)).map((name) => ageOf(join(folder, name), now))
  return Math.min(...(await Promise.all(ages)))
}

/** Infinite for what is not there. */
async function ageOf(path: string, now: number): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? Number.POSITIVE_INFINITY : now - found.mtimeMs
}

const namesIn = async (folder: string): Promise<string[]> => await readdir(folder).catch(() => [])
