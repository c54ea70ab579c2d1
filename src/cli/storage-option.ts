// The storage that a command speaks of: --storage, or everything below .loom of the working folder.
import { type CompileFacts, locationOf, tempRootOf } from '../compile/index.ts'
import type { StorageSpec } from '../manifest/index.ts'
import type { TableLocation } from '../plan/index.ts'
import { type Io, UsageError } from './io.ts'
import { loadManifests } from './load-manifests.ts'
import { reportProblems } from './report-problems.ts'

export interface ChosenStorage {
  spec: StorageSpec
  facts: CompileFacts
  tempRoot: string
  locate: (ref: string) => TableLocation
}

/** @throws UsageError when the file holds no storage */
export async function chosenStorage(file: string | undefined, io: Io): Promise<ChosenStorage> {
  const facts = { workingFolder: io.cwd, manifestFolder: io.cwd }
  const spec = file === undefined ? {} : await storageOf(file, io)
  return { spec, facts, tempRoot: tempRootOf(spec, facts), locate: (ref) => locationOf(ref, spec, facts) }
}

async function storageOf(file: string, io: Io): Promise<StorageSpec> {
  const loaded = await loadManifests([file], io)
  if (reportProblems(loaded.problems, loaded, io)) throw new UsageError(`cannot use storage "${file}": it has errors`)
  const storages = loaded.documents.filter((document) => document.kind === 'ETLStorage')
  const found = storages.find(({ name }) => name === 'default') ?? storages[0]
  if (found === undefined)
    throw new UsageError(`cannot use storage "${file}": it holds no ETLStorage; name the file that does`)
  return found.value.spec
}
