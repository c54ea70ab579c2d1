// Reads what a table is at one version: the newest usable checkpoint at or before it, then every entry after that.
//
// R1 Nothing is guessed: a missing or unreadable entry is a fault, never a table with fewer rows.
// R2 A checkpoint is only a short cut: when it can't be read and the entries before it are there, they are used instead.
import { Fault } from '../../base/index.ts'
import type { Action } from './actions.ts'
import { readCheckpoint } from './checkpoint-read.ts'
import { commitTime, readEntry } from './log-entry.ts'
import { corruptLog } from './log-fault.ts'
import {
  type Checkpoint,
  commitPath,
  LAST_CHECKPOINT_PATH,
  type LogListing,
  listLog,
  newestVersion,
} from './log-files.ts'
import { assertReadable } from './protocol.ts'
import { applyActions, emptyState, stateOf, type TableState } from './replay.ts'
import { LOG_FOLDER, type Snapshot, type TableHandle, type TableVersion } from './table.ts'
import { resolveVersion } from './version.ts'

/** So many entries are read at a time. */
const READ_BATCH = 32

/**
 * The table at its newest version, or at a given one.
 * @returns undefined when there is no table: no log entry and no checkpoint
 * @throws Fault invalid CorruptLog (file, line), UnsupportedTableFeature; missing TableVersionNotFound (the range there is)
 */
export async function readSnapshot(handle: TableHandle, at?: TableVersion): Promise<Snapshot | undefined> {
  const hint = at === undefined ? await lastCheckpoint(handle) : 0
  const nearby = await listLog(handle.store, hint)
  // a hint that leads nowhere is only a slower start
  const useful = hint === 0 || nearby.checkpoints.length > 0
  const listing = useful ? nearby : await listLog(handle.store, 0)
  const newest = newestVersion(listing)
  if (newest === undefined) return undefined
  return await readAt(handle, listing, await resolveVersion(handle, listing, at))
}

/**
 * The table at its newest version, by reading only what came after the given one.
 * @throws as readSnapshot
 */
export async function refreshSnapshot(handle: TableHandle, snapshot: Snapshot): Promise<Snapshot> {
  const listing = await listLog(handle.store, snapshot.version + 1)
  const newest = newestVersion(listing)
  if (newest === undefined || newest <= snapshot.version) return snapshot
  if (!listing.commits.has(snapshot.version + 1)) return (await readSnapshot(handle)) ?? snapshot
  return await replay(handle, listing, { state: stateOf(snapshot), from: snapshot.version + 1, to: newest })
}

/** The snapshot with one more entry. */
export function advance(
  snapshot: Snapshot | undefined,
  actions: Action[],
  entry: { version: number; timestamp: number },
): Snapshot {
  const state = snapshot === undefined ? emptyState() : stateOf(snapshot)
  applyActions(state, actions)
  const { protocol, metadata } = state
  if (protocol === undefined || metadata === undefined)
    throw new TypeError('the first entry lacks protocol or metadata')
  return snapshotOf({ ...state, protocol, metadata }, entry)
}

async function readAt(handle: TableHandle, listing: LogListing, version: number): Promise<Snapshot> {
  const root = handle.store.root
  for (const checkpoint of listing.checkpoints.filter((candidate) => candidate.version <= version).reverse()) {
    const state = emptyState()
    try {
      applyActions(state, await readCheckpoint(handle, checkpoint))
    } catch (thrown) {
      if (!isCorruptLog(thrown)) throw thrown
      return await readWithout(handle, { checkpoint, version, why: thrown })
    }
    if (state.others.size > 0) throw v2CheckpointUnsupported(root)
    return await replay(handle, listing, {
      state,
      from: checkpoint.version + 1,
      to: version,
      timestamp: listing.commits.get(checkpoint.version)?.modifiedAt ?? checkpoint.modifiedAt,
    })
  }
  return await replay(handle, listing, { state: emptyState(), from: 0, to: version })
}

/** @throws `why` when the entries alone do not do either */
async function readWithout(
  handle: TableHandle,
  { checkpoint, version, why }: { checkpoint: Checkpoint; version: number; why: unknown },
): Promise<Snapshot> {
  const listing = await listLog(handle.store, 0)
  const checkpoints = listing.checkpoints.filter((candidate) => candidate.version < checkpoint.version)
  try {
    return await readAt(handle, { ...listing, checkpoints }, version)
  } catch (thrown) {
    throw isCorruptLog(thrown) ? why : thrown
  }
}

const isCorruptLog = (thrown: unknown): boolean => thrown instanceof Fault && thrown.code === 'CorruptLog'

interface Replay {
  state: TableState
  from: number
  to: number
  /** Of the version before `from`. */
  timestamp?: number
}

async function replay(
  handle: TableHandle,
  listing: LogListing,
  { state, from, to, timestamp = 0 }: Replay,
): Promise<Snapshot> {
  const { store } = handle
  let time = timestamp
  for (let first = from; first <= to; first += READ_BATCH) {
    const versions = Array.from({ length: Math.min(READ_BATCH, to - first + 1) }, (_, i) => first + i)
    const entries = await Promise.all(versions.map((version) => readEntry(store, version)))
    entries.forEach((actions, i) => {
      const version = first + i
      if (actions === undefined) throw missingEntry(store.root, listing, { version, to })
      applyActions(state, actions)
      time = commitTime(actions) ?? listing.commits.get(version)?.modifiedAt ?? time
    })
  }
  const { protocol, metadata } = state
  if (protocol === undefined || metadata === undefined)
    throw corruptLog(
      { table: store.root, file: LOG_FOLDER },
      `no ${protocol === undefined ? 'protocol' : 'metaData'} action is in it`,
    )
  const snapshot = snapshotOf({ ...state, protocol, metadata }, { version: to, timestamp: time })
  assertReadable(store.root, snapshot)
  return snapshot
}

function missingEntry(root: string, listing: LogListing, { version, to }: { version: number; to: number }): Fault {
  if (listing.v2Checkpoints.some((candidate) => candidate >= version && candidate <= to))
    return v2CheckpointUnsupported(root)
  return corruptLog({ table: root, file: commitPath(version) }, 'the entry is missing, though later versions are there')
}

function snapshotOf(
  state: TableState & Pick<Snapshot, 'protocol' | 'metadata'>,
  entry: { version: number; timestamp: number },
): Snapshot {
  return {
    ...entry,
    protocol: state.protocol,
    metadata: state.metadata,
    files: [...state.files.values()],
    removed: [...state.removed.values()],
    transactions: state.transactions,
  }
}

/** The version that `_last_checkpoint` names, 0 without a usable one. */
async function lastCheckpoint({ store }: TableHandle): Promise<number> {
  const bytes = await store.get(LAST_CHECKPOINT_PATH)
  if (bytes === undefined) return 0
  try {
    const hint: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof hint !== 'object' || hint === null || !('version' in hint)) return 0
    return Number.isSafeInteger(hint.version) && Number(hint.version) > 0 ? Number(hint.version) : 0
  } catch {
    return 0
  }
}

function v2CheckpointUnsupported(root: string): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'UnsupportedTableFeature',
    message: `cannot read table "${root}": its checkpoint is in the V2 form (v2Checkpoint), which is not supported here; set delta.checkpointPolicy to classic with the tool that wrote it and make a checkpoint`,
  })
}
