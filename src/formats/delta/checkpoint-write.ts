// Writes a checkpoint: the classic form, one Parquet file, by the engine.
//
// It is made under another name, then put in place whole, then named by `_last_checkpoint`. What is too old to matter is left
// out: files that were taken away before the table's retention, transactions that have run out.
import { identifier, type ObjectStore, textLiteral } from '../../step/index.ts'
import { showAction } from './action-json.ts'
import type { Action } from './actions.ts'
import { parseInterval } from './interval.ts'
import { checkpointPath, LAST_CHECKPOINT_PATH } from './log-files.ts'
import { LOG_FOLDER, type Snapshot, type TableHandle } from './table.ts'

const DEFAULT_INTERVAL = 10
const DEFAULT_FILE_RETENTION = 'interval 7 days'

/** The columns of a checkpoint, as the protocol's schema has them. */
const TEXT_MAP = 'MAP(VARCHAR, VARCHAR)'
const COLUMNS: Record<string, Record<string, string>> = {
  txn: { appId: 'VARCHAR', version: 'BIGINT', lastUpdated: 'BIGINT' },
  add: {
    path: 'VARCHAR',
    partitionValues: TEXT_MAP,
    size: 'BIGINT',
    modificationTime: 'BIGINT',
    dataChange: 'BOOLEAN',
    stats: 'VARCHAR',
    tags: TEXT_MAP,
  },
  remove: {
    path: 'VARCHAR',
    deletionTimestamp: 'BIGINT',
    dataChange: 'BOOLEAN',
    extendedFileMetadata: 'BOOLEAN',
    partitionValues: TEXT_MAP,
    size: 'BIGINT',
    tags: TEXT_MAP,
  },
  metaData: {
    id: 'VARCHAR',
    name: 'VARCHAR',
    description: 'VARCHAR',
    format: `STRUCT(provider VARCHAR, options ${TEXT_MAP})`,
    schemaString: 'VARCHAR',
    partitionColumns: 'VARCHAR[]',
    configuration: TEXT_MAP,
    createdTime: 'BIGINT',
  },
  protocol: {
    minReaderVersion: 'INTEGER',
    minWriterVersion: 'INTEGER',
    readerFeatures: 'VARCHAR[]',
    writerFeatures: 'VARCHAR[]',
  },
}

/** Every so many versions, as the table's `delta.checkpointInterval` says. */
export function checkpointDue({ version, metadata }: Snapshot): boolean {
  const interval = Number(metadata.configuration['delta.checkpointInterval'] ?? DEFAULT_INTERVAL)
  return version > 0 && interval > 0 && version % interval === 0
}

/**
 * Writes the snapshot's checkpoint; one that is there already stays.
 * @param moment now in milliseconds, and an id that nobody else uses
 * @throws Fault of the engine or the store
 */
export async function writeCheckpoint(
  { store, session }: TableHandle,
  snapshot: Snapshot,
  moment: { now: number; id: string },
): Promise<void> {
  const actions = stateActions(snapshot, moment.now)
  const temp = `${LOG_FOLDER}/_unfinished-${moment.id}.checkpoint`
  const table = `loom_checkpoint_${moment.id}`
  try {
    await session.load(table, rowsOf(actions), [{ name: 'action', type: 'VARCHAR' }])
    await session.run(`COPY (${selectActions(table)}) TO ${textLiteral(`${store.root}/${temp}`)} (FORMAT parquet)`)
    const bytes = await store.get(temp)
    if (bytes === undefined) throw new TypeError(`${temp} was written and is gone`)
    await store.putIfAbsent(checkpointPath(snapshot.version), bytes)
    await nameLast(store, {
      version: snapshot.version,
      size: actions.length,
      sizeInBytes: bytes.byteLength,
      numOfAddFiles: snapshot.files.length,
    })
  } finally {
    await session.run(`DROP TABLE IF EXISTS ${identifier(table)}`)
    await store.delete(temp)
  }
}

function stateActions(snapshot: Snapshot, now: number): Exclude<Action, { kind: 'other' }>[] {
  const { protocol, metadata, configuration } = { ...snapshot, configuration: snapshot.metadata.configuration }
  const kept = parseInterval(configuration['delta.deletedFileRetentionDuration'] ?? DEFAULT_FILE_RETENTION)
  const remembered = parseInterval(configuration['delta.setTransactionRetentionDuration'] ?? '')
  const since = (retention: number | undefined) =>
    retention === undefined ? Number.NEGATIVE_INFINITY : now - retention
  return [
    { kind: 'protocol', protocol },
    { kind: 'metadata', metadata },
    ...[...snapshot.transactions.values()]
      .filter(({ lastUpdated }) => lastUpdated === undefined || lastUpdated >= since(remembered))
      .map((transaction) => ({ kind: 'transaction', transaction }) as const),
    ...snapshot.removed
      .filter(({ deletionTimestamp }) => (deletionTimestamp ?? 0) >= since(kept))
      .map((remove) => ({ kind: 'remove', remove: { ...remove, dataChange: false } }) as const),
    ...snapshot.files.map((add) => ({ kind: 'add', add: { ...add, dataChange: false } }) as const),
  ]
}

function* rowsOf(actions: Exclude<Action, { kind: 'other' }>[]): Iterable<{ action: string }> {
  for (const action of actions) yield { action: JSON.stringify(showAction(action)) }
}

function selectActions(table: string): string {
  const columns = Object.entries(COLUMNS).map(([name, members]) => {
    const shape = JSON.stringify(members)
    return `json_transform(action -> ${textLiteral(`$.${name}`)}, ${textLiteral(shape)}) AS ${identifier(name)}`
  })
  return `SELECT ${columns.join(', ')} FROM ${identifier(table)}`
}

/** The name never goes back to an older checkpoint. */
async function nameLast(store: ObjectStore, last: { version: number } & Record<string, number>): Promise<void> {
  const bytes = await store.get(LAST_CHECKPOINT_PATH)
  if (bytes !== undefined && versionIn(bytes) >= last.version) return
  await store.put(LAST_CHECKPOINT_PATH, new TextEncoder().encode(JSON.stringify(last)))
}

function versionIn(bytes: Uint8Array): number {
  try {
    const last: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof last === 'object' && last !== null && 'version' in last ? Number(last.version) || -1 : -1
  } catch {
    return -1
  }
}
