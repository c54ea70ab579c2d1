// A pipeline whose temp and file are made of a table that a later step changes: resumed wrongly, it would end with other
// contents.
//
//   first    two rows           → table raw.items (append)
//   snapshot raw.items          → temp of the run
//   report   raw.items          → report.json
//   more     one row            → table raw.items (append)
//   last     the temp           → table marts.counts
//
// Run as a program (`flow.ts FOLDER RUN_ID STEP`) it kills itself with -9 when it comes to STEP.
import { pathToFileURL } from 'node:url'
import { compile } from '../../src/compile/index.ts'
import { createDuckDbEngine } from '../../src/engine/index.ts'
import { parallel, pipeline, process as processOf, step } from '../../src/manifest/index.ts'
import type { RunReport } from '../../src/plan/index.ts'
import { executeRun } from '../../src/runner/index.ts'
import type { Engine } from '../../src/step/index.ts'

const flow = pipeline('flow', {}, [
  processOf('main', [
    step('first', {
      sources: { rows: { rows: { values: [{ id: 1 }, { id: 2 }] } } },
      target: { table: { ref: 'raw.items', append: {} } },
    }),
    step('snapshot', { sources: { items: { table: { ref: 'raw.items' } } }, target: { temp: { name: 'snapshot' } } }),
    step('report', {
      sources: { items: { table: { ref: 'raw.items' } } },
      sql: 'SELECT count(*) AS n FROM items',
      target: { file: { path: 'report.json', format: 'json' } },
    }),
    step('more', {
      sources: { rows: { rows: { values: [{ id: 3 }] } } },
      target: { table: { ref: 'raw.items', append: {} } },
    }),
    parallel(
      step('last', {
        sources: { items: { temp: { name: 'snapshot' } } },
        sql: 'SELECT count(*) AS n FROM items',
        target: { table: { ref: 'marts.counts', append: {} } },
      }),
      step('copy', { sources: { items: { temp: { name: 'snapshot' } } }, target: { temp: { name: 'copied' } } }),
    ),
  ]),
])

/** @param before called when a step comes to the engine */
export async function runFlow(folder: string, runId: string, before: (step: string) => void): Promise<RunReport> {
  const facts = { workingFolder: folder, manifestFolder: folder }
  const compiled = compile({ pipeline: { name: 'flow', spec: flow.spec }, run: {}, facts })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  const { plan, binding } = compiled
  const duckdb = createDuckDbEngine({ threads: 1 })
  const engine: Engine = {
    async runStep(stepPlan, context) {
      before(stepPlan.name)
      return await duckdb.runStep(stepPlan, context)
    },
    close: () => duckdb.close(),
  }
  try {
    return await executeRun({
      plan,
      binding,
      run: { runId, correlationId: null, attempt: 1, lastAttempt: true },
      engine,
      parallel: 1,
      signal: new AbortController().signal,
      now: Date.now,
      newId: () => crypto.randomUUID(),
      log: { info: () => undefined, warn: () => undefined },
    })
  } finally {
    await engine.close()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder = '', runId = '', fatal = ''] = process.argv.slice(2)
  await runFlow(folder, runId, (name) => {
    if (name === fatal) process.kill(process.pid, 'SIGKILL')
  })
}
