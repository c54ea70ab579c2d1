// Runs single steps in this process on tables in an S3 store, and reads them back.
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ETLRunner, type PipelineDocument, StepFailedError } from '../../../src/index.ts'
import type { OutcomeError, WriteResult } from '../../../src/plan/index.ts'
import { EXTENSIONS } from './place.ts'
import { BUCKET, KEYS } from './server.ts'

type Step = PipelineDocument['spec']['processes'] extends (infer P)[] ? P : never
export type StepSpec = Record<string, unknown>

export interface Runner {
  /** @returns what was written. @throws the step's error, as a FailedStep */
  step(spec: StepSpec, name?: string): Promise<WriteResult>
  /** Rows of a query over tables, as a code-free step would see them. */
  query(sql: string, refs: Record<string, string>): Promise<Record<string, unknown>[]>
  remove(): void
}

export class FailedStep extends Error {
  readonly error: OutcomeError

  constructor(error: OutcomeError) {
    super(error.message)
    this.error = error
  }
}

export async function aRunner(endpoint: string, prefix: string): Promise<Runner> {
  Object.assign(process.env, KEYS)
  const folder = mkdtempSync(join(tmpdir(), 'loom-s3-runner-'))
  const storage = {
    objectStore: { s3: { endpoint, region: 'us-east-1' } },
    defaults: { tablePath: { uri: `s3://${BUCKET}/${prefix}` } },
  }
  const settings = { folder, extensionsFolder: EXTENSIONS, memoryLimit: '512MB' }
  const runner = await ETLRunner.fromDict(storage, {}, settings)
  const step: Runner['step'] = async (spec, name = 's') => {
    const processes = [{ name: 'p', steps: [{ name, ...spec }] }] as unknown as Step[]
    const pipeline = {
      apiVersion: 'loom.etl/v1alpha1',
      kind: 'ETLPipeline',
      metadata: { name: 'tables' },
      spec: { processes },
    } as PipelineDocument
    try {
      const report = await runner.run(pipeline)
      const write = report.steps[0]?.write
      if (write === undefined) throw new TypeError('the step wrote nothing')
      return write
    } catch (thrown) {
      const error = thrown instanceof StepFailedError ? thrown.report.steps[0]?.error : undefined
      throw error === undefined ? thrown : new FailedStep(error)
    }
  }
  return {
    step,
    async query(sql, refs) {
      const sources = Object.fromEntries(Object.entries(refs).map(([alias, ref]) => [alias, { table: { ref } }]))
      const file = join(folder, 'rows.json')
      await step({ sources, sql, target: { file: { path: file, format: 'json' } } })
      const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
