// The names of a table's log, and what a listing of it says.
import type { ObjectStore, StoredObject } from '../../step/index.ts'
import { LOG_FOLDER } from './table.ts'

const DIGITS = 20

/** `00000000000000000012`: names sort as versions do. */
const padded = (version: number): string => String(version).padStart(DIGITS, '0')

export const commitPath = (version: number): string => `${LOG_FOLDER}/${padded(version)}.json`
export const checkpointPath = (version: number): string => `${LOG_FOLDER}/${padded(version)}.checkpoint.parquet`
export const LAST_CHECKPOINT_PATH = `${LOG_FOLDER}/_last_checkpoint`

export interface Checkpoint {
  version: number
  /** Paths below the table's root, in order; all parts are there. */
  parts: string[]
  /** When it was written: milliseconds since the epoch. */
  modifiedAt: number
}

/** What lies in the log folder, from some version on. */
export interface LogListing {
  /** Version → the entry. */
  commits: Map<number, StoredObject>
  /** Complete ones, oldest first. */
  checkpoints: Checkpoint[]
  /** Versions with a checkpoint in the V2 form, which only its own readers know. */
  v2Checkpoints: number[]
}

const COMMIT = /^(\d{20})\.json$/
const CLASSIC = /^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$/
const V2 = /^(\d{20})\.checkpoint\.[0-9a-f-]{36}\.(?:json|parquet)$/

/** @param from the first version of interest */
export async function listLog(store: ObjectStore, from: number): Promise<LogListing> {
  // `/` + the digits alone is smaller than any name that begins with them
  const objects = await store.list(`${LOG_FOLDER}/`, from === 0 ? undefined : `${LOG_FOLDER}/${padded(from)}`)
  const commits = new Map<number, StoredObject>()
  const parts = new Map<string, { version: number; count: number; objects: StoredObject[] }>()
  const v2Checkpoints: number[] = []
  for (const object of objects) {
    const name = object.path.slice(LOG_FOLDER.length + 1)
    const commit = COMMIT.exec(name)?.[1]
    if (commit !== undefined) commits.set(Number(commit), object)
    const v2 = V2.exec(name)?.[1]
    if (v2 !== undefined) v2Checkpoints.push(Number(v2))
    const [, version, , count] = CLASSIC.exec(name) ?? []
    if (version === undefined) continue
    // one version may have a checkpoint of one file and one of many, by different writers
    const key = `${version}/${count ?? ''}`
    const group = parts.get(key) ?? { version: Number(version), count: Number(count ?? 1), objects: [] }
    group.objects.push(object)
    parts.set(key, group)
  }
  const checkpoints = [...parts.values()]
    .filter((group) => group.objects.length === group.count)
    .map(({ version, objects: files }) => ({
      version,
      parts: files.map((file) => file.path),
      modifiedAt: Math.max(...files.map((file) => file.modifiedAt)),
    }))
    .sort((a, b) => a.version - b.version)
  return { commits, checkpoints, v2Checkpoints }
}

/** The newest version that the listing knows of; undefined for an empty log. */
export function newestVersion({ commits, checkpoints, v2Checkpoints }: LogListing): number | undefined {
  const versions = [...commits.keys(), ...checkpoints.map((checkpoint) => checkpoint.version), ...v2Checkpoints]
  return versions.length === 0 ? undefined : versions.reduce((a, b) => Math.max(a, b))
}
