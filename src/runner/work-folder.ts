// Where the steps of a run have their scratch folders: spilled data, which is worth nothing once the run has ended.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** @param runId a lawful id */
export const workFolderOf = (recordRoot: string, runId: string): string => join(recordRoot, 'work', runId)

/** What can't be removed stays. */
export async function removeWorkFolder(recordRoot: string, runId: string): Promise<void> {
  await rm(workFolderOf(recordRoot, runId), { recursive: true, force: true }).catch(() => undefined)
}
