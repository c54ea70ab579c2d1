// A place where steps run for real: an engine, tables and files in a temporary folder, a temp store.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDuckDbEngine } from '../../src/engine/duckdb/engine.ts'
import { openFileStore } from '../../src/formats/index.ts'
import {
  type BodyPlan,
  type EngineName,
  parseTemplate,
  type SourcePlan,
  type TargetPlan,
  type WriteResult,
} from '../../src/plan/index.ts'
import type { Engine, StepContext } from '../../src/step/index.ts'

const OPEN: Record<EngineName, () => Engine> = {
  duckdb: () => createDuckDbEngine({ memoryLimit: '500MB', threads: 2 }),
}

export interface Place {
  run(sources: SourcePlan[], body: BodyPlan, target: TargetPlan): Promise<WriteResult>
  /** The table's rows, sorted, as JSON. */
  table(ref: string): Promise<unknown[]>
  put(path: string, text: string): void
  get(path: string): string
  close(): Promise<void>
}

export function place(engineName: EngineName): Place {
  const root = mkdtempSync(join(tmpdir(), 'loom-conformance-'))
  const engine = OPEN[engineName]()
  let steps = 0
  const run: Place['run'] = async (sources, body, target) => {
    const name = `step-${++steps}`
    const context = contextOf(root, name)
    return await engine.runStep({ name, process: 'main', sources, body, target, timeoutMs: null }, context)
  }
  return {
    run,
    async table(ref) {
      const out = `${ref}-${++steps}.json`
      await run([tableSource('t', ref)], sql('SELECT * FROM t ORDER BY ALL'), jsonFile(out))
      return readFileSync(join(root, out), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown)
    },
    put: (path, text) => writeFileSync(join(root, path), text),
    get: (path) => readFileSync(join(root, path), 'utf8'),
    async close() {
      await engine.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export const sql = (text: string): BodyPlan => ({ kind: 'sql', sql: parseTemplate(text).template })
export const jsonFile = (path: string): TargetPlan => ({
  kind: 'file',
  location: { path },
  format: 'json',
  options: {},
})
export const tableSource = (alias: string, ref: string): SourcePlan => ({
  kind: 'table',
  alias,
  ref,
  where: [],
  columns: [],
})

function contextOf(root: string, step: string): StepContext {
  return {
    info: {
      runId: 'run-1',
      correlationId: null,
      attempt: 1,
      lastAttempt: true,
      pipeline: 'conformance',
      planHash: 'sha256:0',
      process: 'main',
      step,
      processRunId: 'process-1',
      stepRunId: step,
      params: {},
    },
    storage: {
      version: 1,
      hash: 'sha256:1',
      tables: { 'lake.t': { uri: join(root, 'lake', 't'), targetFileSize: null, properties: {} } },
      files: {},
      fileRoot: root,
      moduleRoot: root,
      tempRoot: join(root, 'temps'),
      missingTablePolicy: 'create',
    },
    openStore: openFileStore,
    temps: temps(join(root, 'temps')),
    signal: new AbortController().signal,
    now: Date.now,
    newId: () => crypto.randomUUID(),
    log: { info: () => undefined, warn: () => undefined },
    onProgress: () => undefined,
    assertMayCommit: () => undefined,
    workFolder: root,
  }
}

/** One part per name, published as soon as it is written: the store itself has tests of its own. */
function temps(folder: string): StepContext['temps'] {
  mkdirSync(folder, { recursive: true })
  const path = (name: string) => join(folder, `${name}.parquet`)
  return {
    folders: [folder],
    begin: async ({ name }) => ({ path: path(name), publish: async () => undefined }),
    resolve: async (name) => [path(name)],
  }
}
