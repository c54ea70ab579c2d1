// loom cleanup: removes intermediate results that are kept for a correlation id, or those of a run.
import { resolve } from 'node:path'
import { correlationFolder, folderCleaner, runFolder } from '../../runner/index.ts'
import { EXIT, type Io, UsageError } from '../io.ts'
import { chosenStorage } from '../storage-option.ts'

export interface CleanUpFlags {
  storage?: string
  tempRoot?: string
  runId?: string
}

export async function cleanUpCommand(correlationId: string | undefined, flags: CleanUpFlags, io: Io): Promise<number> {
  const root =
    flags.tempRoot === undefined ? (await chosenStorage(flags.storage, io)).tempRoot : resolve(io.cwd, flags.tempRoot)
  if (correlationId === undefined && flags.runId === undefined)
    throw new UsageError('cannot clean up: no id is given; name a correlation id, or --run-id ID')
  const folders = [
    ...(correlationId === undefined ? [] : [correlationFolder(root, correlationId)]),
    ...(flags.runId === undefined ? [] : [runFolder(root, flags.runId)]),
  ]
  for (const folder of folders) {
    await folderCleaner.deleteTree(folder)
    io.out(`removed ${folder}\n`)
  }
  return EXIT.succeeded
}
