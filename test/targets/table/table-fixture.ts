// Tables in a temporary folder, written and read by the real engine, each step in an instance of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InstancePool } from '../../../src/engine/duckdb/instance.ts'
import type { DuckDbSession } from '../../../src/engine/duckdb/session.ts'
import { openFileStore, readSnapshot, type Snapshot } from '../../../src/formats/index.ts'
import {
  type ParamValues,
  parseTemplate,
  type StorageBinding,
  type TableLocation,
  type TableSource,
  type TableTarget,
  type WriteMode,
  type WriteResult,
} from '../../../src/plan/index.ts'
import { tableSource } from '../../../src/sources/table.ts'
import type { JsonRow, StepContext } from '../../../src/step/index.ts'
import { tableTarget } from '../../../src/targets/table/index.ts'

export interface Changes {
  target?: Partial<TableTarget>
  context?: Partial<StepContext>
  params?: ParamValues
  storage?: Partial<StorageBinding>
  location?: Partial<TableLocation>
  /** Default: another one for each write. */
  step?: string
}

export interface Tables {
  root: string
  /** Writes the query's rows to table `t`. */
  write(query: string, write: WriteMode, changes?: Changes): Promise<WriteResult>
  /** The rows of table `t`, sorted by all columns. */
  rows(source?: Partial<TableSource>, changes?: Changes): Promise<JsonRow[]>
  /** The SELECT of a source, and a session in which it can be run; the caller closes it. */
  open(source?: Partial<TableSource>, changes?: Changes): Promise<{ query: string; session: DuckDbSession }>
  snapshot(): Promise<Snapshot | undefined>
  session(): Promise<DuckDbSession>
  context(changes?: Changes): StepContext
  remove(): Promise<void>
}

export function tables(): Tables {
  const root = mkdtempSync(join(tmpdir(), 'loom-table-'))
  const uri = join(root, 't')
  const pool = new InstancePool({ memoryLimit: '500MB', threads: 2 })
  const session = (signal = new AbortController().signal) =>
    pool.open({ folders: [root], files: [], extensions: [], spillFolder: join(root, 'spill') }, { signal })
  let steps = 0
  const context = (changes: Changes = {}): StepContext => ({
    info: {
      runId: 'run-1',
      correlationId: null,
      attempt: 1,
      lastAttempt: true,
      pipeline: 'p',
      planHash: 'sha256:0',
      process: 'main',
      step: changes.step ?? `step-${++steps}`,
      processRunId: 'process-1',
      stepRunId: 'step-1',
      params: changes.params ?? {},
    },
    storage: {
      version: 1,
      hash: 'sha256:1',
      tables: { 'raw.t': { uri, targetFileSize: null, properties: {}, ...changes.location } },
      files: {},
      fileRoot: root,
      moduleRoot: root,
      tempRoot: join(root, 'temps'),
      missingTablePolicy: 'create',
      ...changes.storage,
    },
    openStore: openFileStore,
    temps: {
      folders: [],
      begin: () => Promise.reject(new Error('no temps here')),
      resolve: () => Promise.reject(new Error('no temps here')),
    },
    signal: new AbortController().signal,
    now: Date.now,
    newId: () => crypto.randomUUID(),
    log: { info: () => undefined, warn: () => undefined },
    onProgress: () => undefined,
    assertMayCommit: () => undefined,
    workFolder: root,
    ...changes.context,
  })
  const open: Tables['open'] = async (source = {}, changes = {}) => {
    const full: TableSource = { kind: 'table', alias: 's', ref: 'raw.t', where: [], columns: [], ...source }
    const used = await session()
    try {
      return { query: await tableSource.duckdb.open(full, used, context(changes)), session: used }
    } catch (thrown) {
      used.close()
      throw thrown
    }
  }
  return {
    root,
    context,
    open,
    session: () => session(),
    async write(query, write, changes = {}) {
      const step = context(changes)
      const used = await session(step.signal)
      const target: TableTarget = {
        kind: 'table',
        ref: 'raw.t',
        write,
        schema: 'strict',
        dropExtraColumns: false,
        failOnEmpty: false,
        ...changes.target,
      }
      try {
        return await tableTarget.duckdb.write(query, target, used, step)
      } finally {
        used.close()
      }
    },
    async rows(source, changes) {
      const opened = await open(source, changes)
      try {
        return await opened.session.rows(`SELECT * FROM (${opened.query}) ORDER BY ALL`)
      } finally {
        opened.session.close()
      }
    },
    async snapshot() {
      const used = await session()
      try {
        return await readSnapshot({ store: openFileStore(uri), session: used })
      } finally {
        used.close()
      }
    },
    async remove() {
      await pool.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export const append: WriteMode = { mode: 'append', partitionBy: [] }
export const replace: WriteMode = { mode: 'replace', partitionBy: [] }
export const replacePartitions = (...by: string[]): WriteMode => ({ mode: 'replacePartitions', by })
export const replaceWhere = (predicate: string, ...partitionBy: string[]): WriteMode => ({
  mode: 'replaceWhere',
  predicate: parseTemplate(predicate).template,
  partitionBy,
})
export const upsert = (keys: string[], more: Partial<Extract<WriteMode, { mode: 'upsert' }>> = {}): WriteMode => ({
  mode: 'upsert',
  keys,
  partitionBy: [],
  include: [],
  exclude: [],
  ...more,
})
export const where = (...predicates: string[]) => ({ where: predicates.map((text) => parseTemplate(text).template) })
