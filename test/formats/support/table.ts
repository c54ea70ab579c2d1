// A Delta table in a folder of its own, with a real engine session, for one test file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { DuckDbSession } from '../../../src/engine/duckdb/session.ts'
import {
  type AddFile,
  type CommitRequest,
  commit,
  newTable,
  openFileStore,
  type Snapshot,
  type TableHandle,
  toDeltaSchema,
} from '../../../src/formats/index.ts'
import type { ColumnType, ObjectStore } from '../../../src/step/index.ts'

export const NOW = Date.parse('2026-01-02T03:04:05.678Z')

/** A session that is closed when the test file is done. */
export async function aSession(): Promise<DuckDbSession> {
  const instance = await DuckDBInstance.create(':memory:')
  const main = await instance.connect()
  await main.run("SET GLOBAL TimeZone = 'UTC'")
  const close = () => {
    main.closeSync()
    instance.closeSync()
  }
  const session = new DuckDbSession({ instance, main }, { signal: new AbortController().signal, onClosed: close })
  after(() => session.close())
  return session
}

/** Temporary folders that are removed when the test file is done. */
export function folders(): () => Promise<string> {
  const made: string[] = []
  after(async () => {
    for (const folder of made) await rm(folder, { recursive: true, force: true })
  })
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loom-formats-'))
    made.push(folder)
    return folder
  }
}

let ids = 0
export const newId = (): string => `id-${ids++}`

export function aFile(path: string, more: Partial<AddFile> = {}): AddFile {
  return { path, partitionValues: {}, size: 10, modificationTime: NOW, dataChange: true, ...more }
}

export interface Change {
  base?: Snapshot | undefined
  add?: AddFile[]
  remove?: AddFile[]
  reads?: CommitRequest['reads']
  txn?: { appId: string; version: number }
  now?: number
}

export const COLUMNS: ColumnType[] = [
  { name: 'id', type: 'BIGINT' },
  { name: 'day', type: 'DATE' },
  { name: 'kind', type: 'VARCHAR' },
]

/** A request as a writer makes it; on no base it creates the table. */
export function aRequest(handle: TableHandle, change: Change, more: Partial<CommitRequest> = {}): CommitRequest {
  const { base, add = [], remove = [], reads = { kind: 'nothing' }, txn, now = NOW } = change
  const first =
    base === undefined
      ? newTable({ id: 'table', schema: toDeltaSchema(COLUMNS), partitionColumns: ['kind'], properties: {}, now })
      : {}
  return {
    handle,
    base,
    change: { add, remove, ...first, ...(txn === undefined ? {} : { txn }) },
    reads,
    info: {
      operation: 'WRITE',
      parameters: { mode: 'Append' },
      metrics: { numOutputRows: '1' },
      run: { runId: 'run-1', process: 'ingest', step: 'load', attempt: 2, planHash: 'sha256:00' },
    },
    now: () => now,
    newId,
    ...more,
  }
}

/** Commits and expects it to go through. */
export async function committed(
  handle: TableHandle,
  change: Change,
  more: Partial<CommitRequest> = {},
): Promise<Snapshot> {
  const result = await commit(aRequest(handle, change, more))
  if (result.kind !== 'committed' || result.warnings.length > 0)
    throw new Error(`not committed: ${JSON.stringify(result)}`)
  return result.snapshot
}

export function handleOf(folder: string, session: TableHandle['session'], store?: ObjectStore): TableHandle {
  return { store: store ?? openFileStore(folder), session }
}
