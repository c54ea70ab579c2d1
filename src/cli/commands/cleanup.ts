// loom cleanup: removes intermediate results that are kept for a correlation id, or those of a run. The operator calls it too.
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { cleanupCorrelation, cleanupRun, correlationFolder, runFolder } from '../../runner/index.ts'
import { EXIT, type Io, UsageError } from '../io.ts'
import { chosenStorage } from '../storage-option.ts'

export interface CleanUpFlags {
  storage?: string
  tempRoot?: string
  runId?: string
}

/** What is gone already may be removed again. */
export async function cleanUpCommand(correlationId: string | undefined, flags: CleanUpFlags, io: Io): Promise<number> {
  const { storage, tempRoot, runId } = flags
  if (correlationId === undefined && runId === undefined)
    throw new UsageError('cannot clean up: no id is given; name a correlation id, or --run-id ID')
  const root = tempRoot === undefined ? (await chosenStorage(storage, io)).tempRoot() : resolve(io.cwd, tempRoot)
  if (correlationId !== undefined) {
    const had = await exists(correlationFolder(root, correlationId))
    await cleanupCorrelation(root, correlationId)
    io.out(`${had ? 'removed' : 'there are no'} temps of correlation id "${correlationId}" in ${root}\n`)
  }
  if (runId !== undefined) {
    const had = await exists(runFolder(root, runId))
    await cleanupRun(root, runId)
    io.out(`${had ? 'removed' : 'there are no'} temps of run "${runId}" in ${root}\n`)
  }
  return EXIT.succeeded
}

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  )
