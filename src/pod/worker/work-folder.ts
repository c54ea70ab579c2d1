// The worker's own folder: what an earlier process of its name has left in there goes.
import { mkdir, rm } from 'node:fs/promises'
import { asFault, Fault } from '../../base/index.ts'

/** @throws Fault denied WorkFolderUnusable */
export async function emptyFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new Fault({
      kind: 'denied',
      code: 'WorkFolderUnusable',
      message: `cannot start a worker: its folder "${folder}" can't be made (${asFault(cause).message}); give another one by --work`,
      cause,
    })
  }
}
