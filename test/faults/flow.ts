// A pipeline of every kind of target that ends differently when a part of it is lost, doubled or done anew at the wrong
// time, and a look at what its runs have left.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ETLRunner, pipeline, process, step } from '../../src/index.ts'

const MANIFEST = `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata: {name: flow}
spec:
  params:
    day: {type: integer}
  processes:
    - name: ingest
      steps:
        - name: items
          sources: {csv: {file: {path: items-$(params.day).csv, format: csv}}}
          target: {table: {ref: raw.items, append: {}}}
        - name: snapshot
          sources: {items: {table: {ref: raw.items}}}
          target: {temp: {name: snapshot}}
        - name: more
          sql: SELECT CAST(1000 * $(params.day) + range AS BIGINT) AS id, 'm' AS month, 0 AS price FROM range(3)
          target: {table: {ref: raw.items, append: {}}}
        - parallel:
            - name: customers
              sources: {csv: {file: {path: items-$(params.day).csv, format: csv}}}
              sql: SELECT id % 50 AS customer, sum(price) AS paid, $(params.day) AS day FROM csv GROUP BY ALL
              target: {table: {ref: raw.customers, upsert: {keys: [customer]}}}
            - name: months
              sources: {items: {temp: {name: snapshot}}}
              sql: SELECT month, count(*) AS n, sum(price) AS price FROM items GROUP BY ALL
              target: {table: {ref: marts.months, replacePartitions: {by: [month]}}}
    - name: publish
      steps:
        - name: wide
          sql: SELECT range AS id, hash(range + $(params.day)) AS h FROM range(1200000)
          target: {table: {ref: raw.wide, append: {}}}
        - name: scored
          sources: {items: {temp: {name: snapshot}}}
          code: {module: score.ts, export: score}
          target: {table: {ref: marts.scored, append: {}}}
        - name: report
          sources: {items: {temp: {name: snapshot}}}
          sql: SELECT month, count(*) AS n FROM items GROUP BY ALL ORDER BY ALL
          target: {file: {path: out/report.csv, format: csv}}
`

/** Kills itself where a file of the phase's name lies beside it. */
const SCORE = `import { existsSync } from 'node:fs'
const hit = (phase) => existsSync(new URL(phase, import.meta.url)) && process.kill(process.pid, 'SIGKILL')
export async function* score({ sources }) {
  hit('die-in-transform')
  for await (const row of sources.items.rows()) {
    hit('die-in-read')
    yield { id: row.id, score: Number(row.price) * 2 }
  }
}
`

export const TABLES = ['raw.items', 'raw.customers', 'marts.months', 'raw.wide', 'marts.scored'] as const

/** The table commits of one run: process/step. */
const COMMITS = [
  'ingest/items',
  'ingest/more',
  'ingest/customers',
  'ingest/months',
  'publish/wide',
  'publish/scored',
] as const

export function layFlow(root: string, name: string): string {
  const folder = mkdtempSync(join(root, `${name}-`))
  writeFileSync(join(folder, 'pipeline.yaml'), MANIFEST)
  writeFileSync(join(folder, 'score.ts'), SCORE)
  for (const day of [1, 2]) {
    const rows = Array.from({ length: 400 }, (_, i) => `${day * 10_000 + i},${i % 3 === 0 ? 'jan' : 'feb'},${i * day}`)
    writeFileSync(join(folder, `items-${day}.csv`), `id,month,price\n${rows.join('\n')}\n`)
  }
  return folder
}

/** The same tables, in another place. */
export function copyFlow(folder: string, root: string): string {
  const copy = mkdtempSync(join(root, 'killed-'))
  cpSync(folder, copy, { recursive: true })
  return copy
}

export const runArgs = (day: number, ...more: string[]): string[] => [
  ...['run', '-f', 'pipeline.yaml', '--param', `day=${day}`, '--run-id', `r-${day}`, '--threads', '1'],
  ...more,
]

/** What readers see: the rows of all tables, and the report. */
export async function contentsOf(folder: string): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = { report: readFileSync(join(folder, 'out/report.csv'), 'utf8') }
  const runner = new ETLRunner({
    folder,
    threads: 1,
    writer: {
      async write(frame, target) {
        const rows = []
        for await (const row of frame.rows()) rows.push(row)
        if (target.kind === 'temp') seen[target.name] = rows
        return { rows: rows.length }
      },
    },
  })
  const steps = TABLES.map((ref) => {
    const name = ref.replace('.', '-')
    const columns = ref === 'raw.wide' ? 'count(*) AS n, sum(h) AS h, count(DISTINCT id) AS ids' : '*'
    return step(name, {
      sources: { it: { table: { ref } } },
      sql: `SELECT ${columns} FROM it ORDER BY ALL`,
      target: { temp: { name } },
    })
  })
  await runner.run(pipeline('look', {}, [process('look', steps)]))
  return seen
}

/** Each step that writes a table has exactly one commit with its `txn`, by every run. */
export function assertOneCommitEach(folder: string, runIds: readonly string[]): void {
  const counts = new Map<string, number>()
  for (const ref of TABLES)
    for (const action of actionsOf(folder, ref)) {
      const appId = action.txn?.appId
      if (appId !== undefined) counts.set(appId, (counts.get(appId) ?? 0) + 1)
    }
  const expected = runIds.flatMap((runId) => COMMITS.map((name) => [`loom/${runId}/${name}`, 1] as const))
  assert.deepEqual(Object.fromEntries([...counts].sort()), Object.fromEntries([...expected].sort()))
}

function actionsOf(folder: string, ref: string): { txn?: { appId: string } }[] {
  const log = join(folder, '.loom/lake', ref.replace('.', '/'), '_delta_log')
  return readdirSync(log)
    .filter((name) => /^\d{20}\.json$/.test(name))
    .flatMap((name) => readFileSync(join(log, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as { txn?: { appId: string } })
}

/** Unfinished files have names that no reader takes for a part of a table or for a result. */
export function assertNoStrayFiles(folder: string): void {
  const results = existsSync(join(folder, 'out')) ? readdirSync(join(folder, 'out')) : []
  assert.deepEqual(
    results.filter((name) => !name.startsWith('.') && name !== 'report.csv'),
    [],
  )
  for (const ref of TABLES) {
    const table = join(folder, '.loom/lake', ref.replace('.', '/'))
    if (!existsSync(join(table, '_delta_log'))) continue
    const names = readdirSync(join(table, '_delta_log')).filter((name) => !name.startsWith('.'))
    assert.deepEqual(
      names.filter((name) => !/^\d{20}\.json$/.test(name)),
      [],
      ref,
    )
  }
}

/** A run that has ended leaves nothing in the folder of temps but its record. */
export function assertTidy(folder: string): void {
  for (const name of ['runs', 'work', 'locks']) {
    mkdirSync(join(folder, '.loom/temp', name), { recursive: true })
    assert.deepEqual(readdirSync(join(folder, '.loom/temp', name)), [], name)
  }
}
