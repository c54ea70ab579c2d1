// Where the steps of a run have their scratch folders: spilled data, which is worth nothing once the run has ended.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** @param runId a lawful id */
export const workFolderOf = (tempRoot: string, runId: string): string => join(tempRoot, 'work', runId)

/** What can't be removed stays. */
export async function removeWorkFolder(tempRoot: string, runId: string): Promise<void> {
  await rm(workFolderOf(tempRoot, runId), { recursive: true, force: true }).catch(() => undefined)
}
