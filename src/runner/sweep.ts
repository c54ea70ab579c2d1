// Removes what runs leave that were killed, or that were to go on and did not, and records that are old. Only runs that have a
// lock or a record in this temp root are looked at: temps of runs that others keep here (pods, say) are none of ours.
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isId, isObjectUri } from '../base/index.ts'
import { holdRun } from './run-lock.ts'
import { type Cleaner, runFolder } from './temp-places.ts'
import { removeWorkFolder } from './work-folder.ts'

interface SweepOptions {
  /** Absolute folder of records and locks. */
  recordRoot: string
  /** Of temps: that folder, or a place in an object store. */
  tempRoot: string
  /** Milliseconds since the epoch. */
  now: number
  cleaner: Cleaner
}

const DAY_MS = 24 * 3_600_000
/** A run id can be resumed for this long. */
const RECORD_DAYS = 30

/**
 * The run temps of runs that nobody has been at for a day, but that did not end: until then they can be resumed with what
 * they had. What can't be removed stays for the next one.
 */
export async function sweepEndlessRuns({ recordRoot, tempRoot, now, cleaner }: SweepOptions): Promise<void> {
  const locked = await namesIn(join(recordRoot, 'locks'))
  // an object store is not searched for them at every start: a rule of the bucket does that
  const withTemps = isObjectUri(tempRoot) ? [] : await namesIn(join(tempRoot, 'runs'))
  for (const runId of new Set([...locked, ...withTemps])) {
    const folder = join(recordRoot, 'locks', runId)
    if (!isId(runId) || (await silenceOf(runId, { recordRoot, now })) < DAY_MS) continue
    const lock = await holdRun(folder, 'sweep')
    if ('heldBy' in lock) continue
    await cleaner.deleteTree(runFolder(tempRoot, runId)).catch(() => undefined)
    await removeWorkFolder(recordRoot, runId)
    await lock.release()
  }
}

/** Once a day. */
export async function sweepRecords(recordRoot: string, now: number): Promise<void> {
  const folder = join(recordRoot, 'records')
  const marker = join(folder, '.swept')
  if ((await ageOf(marker, now)) < DAY_MS) return
  await writeFile(marker, '')
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    const ours = name.endsWith('.json') || name.endsWith('.files')
    if (ours && (await ageOf(path, now)) > RECORD_DAYS * DAY_MS) await rm(path, { recursive: true, force: true })
  }
}

/** Who is alive touches its lock now and then. Zero for who has neither lock nor record: its temps are not ours. */
async function silenceOf(runId: string, { recordRoot, now }: { recordRoot: string; now: number }): Promise<number> {
  const folder = join(recordRoot, 'locks', runId)
  const files = (await namesIn(folder)).map((name) => join(folder, name))
  if (files.length === 0) files.push(join(recordRoot, 'records', `${runId}.json`))
  const silence = Math.min(...(await Promise.all(files.map((path) => ageOf(path, now)))))
  return Number.isFinite(silence) ? silence : 0
}

/** Infinite for what is not there. */
async function ageOf(path: string, now: number): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? Number.POSITIVE_INFINITY : now - found.mtimeMs
}

const namesIn = async (folder: string): Promise<string[]> => await readdir(folder).catch(() => [])
