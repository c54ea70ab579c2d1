// The storage that a command without manifests speaks of: --storage, or everything below .loom of the working folder.
import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { didYouMean, isObjectUri, isTableRef } from '../base/index.ts'
import { type CompileFacts, knownPlace, locationOf, objectStoreOf, tempRootOf } from '../compile/index.ts'
import type { StorageSpec } from '../manifest/index.ts'
import type { TableLocation } from '../plan/index.ts'
import type { OpenStore } from '../step/index.ts'
import { type Io, UsageError } from './io.ts'
import { type Loaded, loadStorage } from './load-manifests.ts'
import { reportProblems } from './report-problems.ts'

export interface ChosenStorage {
  spec: StorageSpec
  facts: CompileFacts
  /** Of every place that the storage can name. */
  openStore: OpenStore
  /** @throws UsageError for a place that is none of this machine */
  tempRoot: () => string
  /** @throws UsageError as tempRoot */
  locate: (ref: string) => TableLocation
}

/** @throws UsageError when the file holds no storage, or a wrong one (its problems are reported) */
export async function chosenStorage(file: string | undefined, io: Io): Promise<ChosenStorage> {
  const facts = { workingFolder: io.cwd, manifestFolder: io.cwd }
  const nothing: Loaded = { documents: [], problems: [], texts: new Map() }
  const loaded = await loadStorage(nothing, file, io)
  if (reportProblems(loaded.problems, loaded, io)) throw new UsageError(`cannot use storage "${file}": it has errors`)
  const spec = loaded.storage?.value.spec ?? {}
  const { storesOf } = await import('../formats/index.ts')
  return {
    spec,
    facts,
    openStore: storesOf({ objectStore: objectStoreOf(spec, facts) }),
    tempRoot: () => reachable('temps', tempRootOf(spec, facts)),
    locate: (ref) => {
      const location = locationOf(ref, spec, facts)
      return { ...location, uri: reachable(`table "${ref}"`, location.uri) }
    },
  }
}

/** What compile refuses in a storage is refused here in the same words. */
function reachable(what: string, uri: string): string {
  const place = knownPlace(uri)
  if ('path' in place) return uri
  throw new UsageError(`cannot find ${what} at "${uri}": ${place.why}; ${place.hint}`)
}

/** @throws UsageError that names the tables beside it */
export async function assertTable(ref: string, { locate, openStore }: ChosenStorage): Promise<void> {
  if (!isTableRef(ref))
    throw new UsageError(`cannot show "${ref}": it is no table name; write two or three dotted names, like raw.orders`)
  const { uri } = locate(ref)
  const there = isObjectUri(uri) ? await foldersOf(uri, openStore) : await namesIn(uri)
  if (there.includes('_delta_log')) return
  if (there.length > 0)
    throw new UsageError(
      `cannot show table "${ref}": folder "${uri}" holds files, but no Delta table; correct the name, or its path in the storage`,
    )
  const known = isObjectUri(uri) ? [] : await tablesNear(ref, uri)
  const beside =
    known.length === 0 ? 'name the storage with --storage FILE' : `there are ${known.slice(0, 10).join(', ')}`
  throw new UsageError(
    `cannot show table "${ref}": there is none at "${uri}"${didYouMean(ref, known)}; ${beside}${known.length > 10 ? ', …' : ''}`,
  )
}

/** What is there of a table in an object store; all of a bucket is never listed to tell what is beside it. */
async function foldersOf(uri: string, openStore: OpenStore): Promise<string[]> {
  const store = openStore(uri)
  if ((await store.list('_delta_log/')).length > 0) return ['_delta_log']
  return (await store.list('')).map(({ path }) => path)
}

/** Tables of the same schema, else of the schemas beside it. */
async function tablesNear(ref: string, uri: string): Promise<string[]> {
  const parts = ref.split('.')
  const schema = parts.slice(0, -1).join('.')
  const own = (await tablesIn(dirname(uri))).map((name) => `${schema}.${name}`)
  if (own.length > 0 || parts.length > 2) return own
  const root = dirname(dirname(uri))
  const schemas = (await namesIn(root)).toSorted()
  const tables = await Promise.all(
    schemas.map(async (name) => (await tablesIn(`${root}/${name}`)).map((table) => `${name}.${table}`)),
  )
  return tables.flat()
}

async function tablesIn(folder: string): Promise<string[]> {
  const names = (await namesIn(folder)).toSorted()
  const logs = await Promise.all(names.map((name) => namesIn(`${folder}/${name}`)))
  return names.filter((_, i) => logs[i]?.includes('_delta_log'))
}

const namesIn = async (folder: string): Promise<string[]> => await readdir(folder).catch(() => [])
