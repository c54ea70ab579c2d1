// One record per run id, beside the temps: which plan it runs, and which process is at it. A run id that is used again
// resumes; with another plan it is refused, and while another process is at it as well.
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../base/index.ts'
import { folderCleaner, runFolder } from './temps.ts'

/** Records (and run temps) that nobody has touched for this long belong to nobody. */
const FORGOTTEN_MS = 30 * 24 * 3_600_000

interface RunRecord {
  planHash: string
  /** The process at it; null when it has ended. */
  holder: { pid: number; startedAt: string } | null
}

export interface ClaimOptions {
  tempRoot: string
  runId: string
  planHash: string
  now: number
}

/** Gives the run id back: the next process may resume it. */
export type Release = () => Promise<void>

/**
 * @throws Fault invalid RunIdReused (another plan), conflict RunInProgress (another process)
 */
export async function claimRun({ tempRoot, runId, planHash, now }: ClaimOptions): Promise<Release> {
  runFolder(tempRoot, runId) // checks the id
  const folder = join(tempRoot, 'records')
  await mkdir(folder, { recursive: true })
  await sweep(tempRoot, folder, now)
  const path = join(folder, `${runId}.json`)
  const before = await readRecord(path)
  if (before !== undefined && before.planHash !== planHash) {
    throw new Fault({
      kind: 'invalid',
      code: 'RunIdReused',
      message: `cannot run with run id "${runId}": it was used with another plan (${before.planHash.slice(0, 19)}…, now ${planHash.slice(0, 19)}…); use another --run-id, or the same pipeline and params`,
    })
  }
  if (before?.holder && before.holder.pid !== process.pid && (await isAlive(before.holder))) {
    throw new Fault({
      kind: 'conflict',
      code: 'RunInProgress',
      message: `cannot run with run id "${runId}": process ${before.holder.pid} is at it; wait for it, or use another --run-id`,
    })
  }
  const holder = { pid: process.pid, startedAt: await startOf(process.pid) }
  await writeRecord(path, { planHash, holder })
  return async () => await writeRecord(path, { planHash, holder: null })
}

async function readRecord(path: string): Promise<RunRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunRecord
  } catch {
    // Absent, or half-written before a crash of the machine: as good as none, since commits carry their own txn.
    return undefined
  }
}

async function writeRecord(path: string, record: RunRecord): Promise<void> {
  const draft = `${path}.${process.pid}`
  await writeFile(draft, JSON.stringify(record))
  await rename(draft, path)
}

/** The kernel's start time of a process: a pid alone may have been given to another one since. */
async function startOf(pid: number): Promise<string> {
  try {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')
    return fields?.[19] ?? ''
  } catch {
    return ''
  }
}

async function isAlive({ pid, startedAt }: NonNullable<RunRecord['holder']>): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
  return startedAt === '' || (await startOf(pid)) === startedAt
}

/** Removes what runs left that were killed, or that ended long ago. A run that is alive keeps all it has. */
async function sweep(tempRoot: string, records: string, now: number): Promise<void> {
  for (const file of await readdir(records)) {
    const path = join(records, file)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }))
    if (now - mtimeMs < FORGOTTEN_MS) continue
    const record = await readRecord(path)
    if (record?.holder && (await isAlive(record.holder))) continue
    if (file.endsWith('.json')) await folderCleaner.deleteTree(runFolder(tempRoot, file.slice(0, -'.json'.length)))
    await rm(path, { force: true })
  }
}
