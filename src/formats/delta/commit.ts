// Makes a change visible: one new log entry, put there only if nobody else has put one of that version.
//
// K1 An entry is ours or not by its id alone: so a lost reply is told from a lost race.
// K2 After a lost race the change is judged against every entry that came between (conflict.ts) and, if it holds, put on
//    top of them. What does not hold is given back to the caller; nothing is merged here.
// K3 A `txn` that the table has already is never committed again.
// K4 What comes after the entry (the checkpoint) never fails a commit.
import { asFault, Fault, VERSION } from '../../base/index.ts'
import type { Action, AddFile, CommitInfo } from './actions.ts'
import type { CommitNote, CommitRequest, CommitResult, TableChange } from './change.ts'
import { checkpointDue, writeCheckpoint } from './checkpoint-write.ts'
import { covers, judge } from './conflict.ts'
import { commitTime, readEntry, showEntry } from './log-entry.ts'
import { commitPath } from './log-files.ts'
import { assertAppendOnlyKept, assertWritable } from './protocol.ts'
import { advance } from './snapshot.ts'
import type { Snapshot } from './table.ts'

/** Whoever loses so often is told to try again later, so that a step never hangs here for good. */
const MAX_TRIES = 1000

/**
 * Commits a change to a table, or creates the table (base undefined; then metadata and protocol are needed).
 * @throws Fault invalid UnsupportedTableFeature, TableAppendOnly; CorruptLog; the store's faults; what assertMayCommit throws
 */
export async function commit(request: CommitRequest): Promise<CommitResult> {
  const { handle, change, now } = request
  const { store } = handle
  if (request.base !== undefined && hasTransaction(request.base, change))
    return { kind: 'alreadyCommitted', version: request.base.version }
  assertLawful(request)
  const id = request.newId()
  let base = request.base
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const version = base === undefined ? 0 : base.version + 1
    const timestamp = now()
    const actions = entryOf(request, { id, timestamp, base })
    await request.assertMayCommit?.()
    const placed = await put(request, { version, actions, id })
    if (placed.ours) {
      const snapshot = advance(base, actions, { version, timestamp })
      return { kind: 'committed', version, snapshot, warnings: await checkpoint(request, snapshot) }
    }
    for (
      let winner: Action[] | undefined = placed.winner;
      winner !== undefined;
      winner = await readEntry(store, base.version + 1)
    ) {
      const at: number = base === undefined ? 0 : base.version + 1
      const verdict = judge(request, base, { version: at, actions: winner })
      if (verdict.kind === 'alreadyCommitted') return { kind: 'alreadyCommitted', version: at }
      if (verdict.kind === 'conflict') return verdict
      base = advance(base, winner, { version: at, timestamp: commitTime(winner) ?? timestamp })
    }
  }
  return { kind: 'conflict', reason: `${MAX_TRIES} other commits came first, one after the other` }
}

type Placed = { ours: true } | { ours: false; winner: Action[] }

async function put(
  { handle: { store } }: CommitRequest,
  entry: { version: number; actions: LogAction[]; id: string },
): Promise<Placed> {
  let failure: unknown
  try {
    if (await store.putIfAbsent(commitPath(entry.version), showEntry(entry.actions))) return { ours: true }
  } catch (thrown) {
    failure = thrown
  }
  // the reply may have been lost, not the entry
  const winner = await readEntry(store, entry.version)
  if (winner?.some((action) => action.kind === 'commitInfo' && action.commitInfo['txnId'] === entry.id))
    return { ours: true }
  if (failure !== undefined) throw failure
  if (winner === undefined) throw new TypeError(`${commitPath(entry.version)} was there and is gone`)
  return { ours: false, winner }
}

function hasTransaction(base: Snapshot, { txn }: TableChange): boolean {
  const seen = txn === undefined ? undefined : base.transactions.get(txn.appId)
  return txn !== undefined && seen !== undefined && covers(seen, txn)
}

function assertLawful({ handle: { store }, base, change }: CommitRequest): void {
  const metadata = change.metadata ?? base?.metadata
  const protocol = change.protocol ?? base?.protocol
  if (metadata === undefined || protocol === undefined)
    throw new TypeError('the first commit of a table needs metadata and protocol')
  assertWritable(store.root, { metadata, protocol, files: base?.files ?? [] })
  assertAppendOnlyKept(store.root, base?.metadata ?? metadata, change.remove.length > 0)
}

type LogAction = Exclude<Action, { kind: 'other' }>

function entryOf(
  { change, reads, info }: CommitRequest,
  { id, timestamp, base }: { id: string; timestamp: number; base: Snapshot | undefined },
): LogAction[] {
  const isBlindAppend = reads.kind === 'nothing' && change.remove.length === 0 && change.add.length > 0
  const actions: LogAction[] = [
    {
      kind: 'commitInfo',
      commitInfo: commitInfo(info, {
        id,
        timestamp,
        isBlindAppend,
        ...(base === undefined ? {} : { readVersion: base.version }),
      }),
    },
  ]
  if (change.protocol !== undefined) actions.push({ kind: 'protocol', protocol: change.protocol })
  if (change.metadata !== undefined) actions.push({ kind: 'metadata', metadata: change.metadata })
  if (change.txn !== undefined)
    actions.push({ kind: 'transaction', transaction: { ...change.txn, lastUpdated: timestamp } })
  for (const file of change.remove) actions.push({ kind: 'remove', remove: removal(file, timestamp) })
  for (const add of change.add) actions.push({ kind: 'add', add })
  return actions
}

function removal(file: AddFile, deletionTimestamp: number): Extract<Action, { kind: 'remove' }>['remove'] {
  const { path, partitionValues, size, tags } = file
  return {
    path,
    deletionTimestamp,
    dataChange: true,
    extendedFileMetadata: true,
    partitionValues,
    size,
    ...(tags === undefined ? {} : { tags }),
  }
}

function commitInfo(
  { operation, parameters, metrics, run }: CommitNote,
  facts: { id: string; timestamp: number; isBlindAppend: boolean; readVersion?: number },
): CommitInfo {
  const { id, ...rest } = facts
  return {
    ...rest,
    operation,
    operationParameters: parameters,
    operationMetrics: metrics,
    engineInfo: `loom-operator/${VERSION}`,
    txnId: id,
    ...(run === undefined ? {} : { loom: run }),
  }
}

async function checkpoint({ handle, now, newId }: CommitRequest, snapshot: Snapshot): Promise<string[]> {
  if (!checkpointDue(snapshot)) return []
  try {
    await writeCheckpoint(handle, snapshot, { now: now(), id: newId() })
    return []
  } catch (thrown) {
    const fault = thrown instanceof Fault ? thrown : asFault(thrown)
    return [`version ${snapshot.version} is committed, but its checkpoint was not written: ${fault.message}`]
  }
}
