// A step context over real folders, with just enough of a temp store, for tests that run the real engine.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Fault } from '../../src/base/index.ts'
import {
  type BodyPlan,
  type CsvReadOptions,
  type FileTarget,
  type ParamValues,
  parseTemplate,
  type SourcePlan,
  type StepPlan,
  type StorageBinding,
} from '../../src/plan/index.ts'
import type { StepContext, StepProgress } from '../../src/step/index.ts'

export interface Fixture {
  root: string
  /** Writes a file below the root. @returns its absolute path */
  file(path: string, contents: string | Uint8Array): string
  context(
    changes?: Partial<Omit<StepContext, 'storage'>> & { params?: ParamValues; storage?: Partial<StorageBinding> },
  ): StepContext
  progress: StepProgress[]
  logged: { message: string; fields: unknown }[]
  remove(): void
}

export function stepFixture(): Fixture {
  const root = mkdtempSync(join(tmpdir(), 'loom-step-'))
  const workFolder = join(root, 'work')
  mkdirSync(workFolder)
  const progress: StepProgress[] = []
  const logged: Fixture['logged'] = []
  const log = (message: string, fields?: unknown) => void logged.push({ message, fields })
  return {
    root,
    progress,
    logged,
    file(path, contents) {
      const absolute = join(root, path)
      mkdirSync(dirname(absolute), { recursive: true })
      writeFileSync(absolute, contents)
      return absolute
    },
    context({ params = {}, storage, ...changes } = {}) {
      return {
        info: {
          runId: 'run-1',
          correlationId: null,
          attempt: 1,
          lastAttempt: true,
          pipeline: 'flights',
          planHash: 'sha256:0',
          process: 'main',
          step: 'one',
          processRunId: 'process-1',
          stepRunId: 'step-1',
          params,
        },
        storage: {
          version: 1,
          hash: 'sha256:1',
          tables: {},
          files: {},
          fileRoot: root,
          moduleRoot: root,
          tempRoot: join(root, 'temps'),
          missingTablePolicy: 'create',
          ...storage,
        },
        openStore: () => {
          throw new Error('no store in this test')
        },
        temps: folderTemps(join(root, 'temps')),
        signal: new AbortController().signal,
        now: Date.now,
        newId: () => crypto.randomUUID(),
        log: { info: log, warn: log },
        onProgress: (step) => void progress.push(step),
        assertMayCommit: () => undefined,
        workFolder,
        ...changes,
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Temps as plain Parquet files, one per writing step. */
function folderTemps(folder: string): StepContext['temps'] {
  mkdirSync(folder, { recursive: true })
  const parts = new Map<string, Map<string, string>>()
  return {
    folders: [folder],
    async begin({ name }, { step, attempt }) {
      const path = join(folder, `${name}-${step}-${attempt}.parquet`)
      return {
        path,
        publish: async () => {
          const of = parts.get(name) ?? new Map<string, string>()
          parts.set(name, of.set(step, path))
        },
      }
    },
    async resolve(name) {
      const found = parts.get(name)
      if (found !== undefined) return [...found.values()]
      throw new Fault({
        kind: 'missing',
        code: 'TempNotFound',
        message: `cannot read temp "${name}": nothing wrote it`,
      })
    },
  }
}

export const sql = (text: string): BodyPlan => ({ kind: 'sql', sql: parseTemplate(text).template })

export const inline = (text: string): BodyPlan => ({ kind: 'code', inline: text })

export const csvOptions: CsvReadOptions = {
  separator: ',',
  header: true,
  nullValues: [],
  encoding: 'utf-8',
  inferSchemaLength: 20480,
  skipRows: 0,
  types: {},
}

export function csv(path: string, options: Partial<CsvReadOptions> = {}): SourcePlan {
  return { kind: 'file', alias: 'csv', location: { path }, format: 'csv', options: { ...csvOptions, ...options } }
}

export function rows(alias: string, values: Extract<SourcePlan, { kind: 'rows' }>['rows']): SourcePlan {
  return { kind: 'rows', alias, rows: values, columns: [] }
}

export function jsonFile(path: string): FileTarget {
  return { kind: 'file', location: { path }, format: 'json', options: {} }
}

/** A step that writes its result to `out.json`, unless told otherwise. */
export function step(changes: Partial<StepPlan>): StepPlan {
  return {
    name: 'one',
    process: 'main',
    sources: [],
    body: { kind: 'copy' },
    target: jsonFile('out.json'),
    timeoutMs: null,
    ...changes,
  }
}
