// Steps for warm workers, over real tables of a folder: each writes its rows into a table of its own.
import { join } from 'node:path'
import type { LeaseId } from '../../../src/dispatch/index.ts'
import { type BodyPlan, parseTemplate, type StepTask } from '../../../src/plan/index.ts'

export interface LakeStep {
  name: string
  body: BodyPlan
  timeoutMs?: number
}

export const PROCESS = 'main'

export const sqlStep = (name: string, sql: string, more: Partial<LakeStep> = {}): LakeStep => ({
  name,
  body: { kind: 'sql', sql: parseTemplate(sql).template },
  ...more,
})

/** Says where it is in a file beside the gate, and goes on once the gate is there. */
export const gatedStep = (name: string, gate: string): LakeStep => ({
  name,
  body: {
    kind: 'code',
    inline: `
      import { existsSync, writeFileSync } from 'node:fs'
      export default async () => {
        writeFileSync(${JSON.stringify(`${gate}.waits`)}, '')
        while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 5))
        return 'SELECT 1 AS id'
      }`,
  },
})

/** Takes an engine minutes: it is stopped long before. */
export const ENDLESS_SQL = 'SELECT max(a.range * b.range % 7) AS most FROM range(10000000) a, range(10000000) b'

export function lakeTask(folder: string, step: LakeStep, id: LeaseId): StepTask {
  const table = { uri: join(folder, 'tables', step.name), targetFileSize: null, properties: {} }
  return {
    plan: { pipeline: 'lake', hash: 'sha256:0', params: {} },
    binding: {
      version: 1,
      hash: 'sha256:1',
      tables: { [`raw.${step.name}`]: table },
      files: {},
      fileRoot: folder,
      moduleRoot: folder,
      tempRoot: join(folder, 'temps'),
      missingTablePolicy: 'create',
    },
    step: {
      name: step.name,
      process: PROCESS,
      sources: [],
      body: step.body,
      target: {
        kind: 'table',
        ref: `raw.${step.name}`,
        write: { mode: 'append', partitionBy: [] },
        schema: 'strict',
        dropExtraColumns: false,
        failOnEmpty: false,
      },
      timeoutMs: step.timeoutMs ?? null,
    },
    run: { runId: id.runUid, uid: id.runUid, correlationId: null, attempt: id.attempt, lastAttempt: true },
  }
}
