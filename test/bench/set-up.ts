// What is made once and kept in .cache/bench: the data, the table to upsert into, and the dbt projects.
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { stringify } from 'yaml'
import { AGGREGATE, trivialPipeline } from './work.ts'

const COLUMNS = `'c' || (id * 7919 % 1000) AS category, id % 100 AS quantity, round((id * 31 % 10007) / 7, 2) AS amount`

/** @returns paths of the CSV files: all rows, and those to upsert, of which every other one has a new key */
export async function makeData(folder: string, rows: number): Promise<{ all: string; changed: string }> {
  const changedRows = Math.max(2, rows / 100)
  const all = join(folder, `rows-${rows}.csv`)
  const changed = join(folder, `changed-${rows}.csv`)
  const keys = `CASE WHEN i % 2 = 0 THEN i * 7919 % ${rows} ELSE ${rows} + i END`
  await csvOf(all, `SELECT id, ${COLUMNS} FROM range(${rows}) t(id)`)
  await csvOf(changed, `SELECT id, ${COLUMNS} FROM (SELECT ${keys} AS id FROM range(${changedRows}) r(i))`)
  return { all, changed }
}

async function csvOf(path: string, query: string): Promise<void> {
  if (existsSync(path)) return
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`COPY (${query}) TO '${path}.draft' (FORMAT csv, HEADER)`)
  renameSync(`${path}.draft`, path)
}

/** A fresh copy of a table: its data files, which no writer changes, as links. */
export function copyTable(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  for (const path of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(parquet|json)$/.test(path) && !path.endsWith('_last_checkpoint')) continue
    mkdirSync(dirname(join(to, path)), { recursive: true })
    if (path.startsWith('_delta_log')) copyFileSync(join(from, path), join(to, path))
    else linkSync(join(from, path), join(to, path))
  }
}

/** A manifest for `loom run`. */
export function makeManifest(path: string, steps: number): void {
  writeFileSync(path, stringify(trivialPipeline(steps)))
}

/** A dbt project of so many trivial models in a line, or of the aggregate. */
export function makeDbtProject(folder: string, work: { models: number } | { csv: string }): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'models'), { recursive: true })
  const project = { name: 'bench', version: '1.0.0', profile: 'bench', 'model-paths': ['models'] }
  writeFileSync(join(folder, 'dbt_project.yml'), stringify({ ...project, models: { '+materialized': 'table' } }))
  const output = { type: 'duckdb', path: join(folder, 'bench.duckdb'), threads: 1 }
  writeFileSync(join(folder, 'profiles.yml'), stringify({ bench: { target: 'dev', outputs: { dev: output } } }))
  if ('csv' in work) {
    const config = `{{ config(materialized='external', location='${join(folder, 'totals.parquet')}') }}`
    const query = AGGREGATE.replace('FROM csv', `FROM read_csv('${work.csv}')`)
    writeFileSync(join(folder, 'models/totals.sql'), `${config}\n${query}\n`)
    return
  }
  for (let i = 0; i < work.models; i++) writeFileSync(join(folder, `models/t${i}.sql`), 'SELECT 1 AS id, 2 AS v\n')
}
