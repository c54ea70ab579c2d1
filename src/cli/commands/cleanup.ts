// loom cleanup: removes intermediate results that are kept for a correlation id, or those of a run. The operator calls it too.
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isObjectUri } from '../../base/index.ts'
import { storesOf } from '../../formats/index.ts'
import { cleanerOf, cleanupCorrelation, cleanupRun, correlationFolder, runFolder } from '../../runner/index.ts'
import type { OpenStore } from '../../step/index.ts'
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
  const { root, openStore } = await placeOf({ storage, tempRoot }, io)
  const cleaner = cleanerOf(root, openStore)
  if (correlationId !== undefined) {
    const had = await exists(correlationFolder(root, correlationId), openStore)
    await cleanupCorrelation(root, correlationId, cleaner)
    io.out(`${had ? 'removed' : 'there are no'} temps of correlation id "${correlationId}" in ${root}\n`)
  }
  if (runId !== undefined) {
    const had = await exists(runFolder(root, runId), openStore)
    await cleanupRun(root, runId, cleaner)
    io.out(`${had ? 'removed' : 'there are no'} temps of run "${runId}" in ${root}\n`)
  }
  return EXIT.succeeded
}

/** Without a storage, an object store is reached as the environment says. */
async function placeOf(
  { storage, tempRoot }: { storage: string | undefined; tempRoot: string | undefined },
  io: Io,
): Promise<{ root: string; openStore: OpenStore }> {
  if (tempRoot === undefined) {
    const { tempRoot: rootOf, openStore } = await chosenStorage(storage, io)
    return { root: rootOf(), openStore }
  }
  const endpoint = io.env['LOOM_S3_ENDPOINT'] ?? null
  const s3 = { endpoint, region: null, pathStyle: io.env['LOOM_S3_PATH_STYLE'] === 'true', credentialsSecret: null }
  return {
    root: isObjectUri(tempRoot) ? tempRoot : resolve(io.cwd, tempRoot),
    openStore: storesOf({ objectStore: { s3 } }),
  }
}

async function exists(place: string, openStore: OpenStore): Promise<boolean> {
  if (isObjectUri(place)) return (await openStore(place).list('')).length > 0
  return await access(place).then(
    () => true,
    () => false,
  )
}
