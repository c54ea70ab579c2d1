// Our part of `make bench`, as a process of its own. Prints seconds, without the time that Node and imports take.
//
//   ours.ts FOLDER per-step          seconds for each further step in process
//   ours.ts FOLDER aggregate CSV     CSV, group by, Delta
//   ours.ts FOLDER upsert CSV        upserts the rows into FOLDER/lake/bench/big
//   ours.ts FOLDER create CSV        makes that table
//   ours.ts FOLDER duckdb CSV        the aggregate by the DuckDB library alone, into a Parquet file
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { ETLRunner, type PipelineDocument, pipeline, process as processOf, step } from 'loom-operator'
import { AGGREGATE, trivialPipeline } from './work.ts'

const [folder = '.', what, csv = ''] = process.argv.slice(2)

process.stdout.write(`${await seconds()}\n`)

async function seconds(): Promise<number> {
  if (what === 'duckdb') return await alone()
  const tables = { tablePath: { uri: join(folder, 'lake') } }
  const runner = await ETLRunner.fromConfig({ defaults: tables, temp: { root: join(folder, 'temp') } })
  const time = async (work: PipelineDocument) => await timed(() => runner.run(work))
  switch (what) {
    case 'per-step': {
      await time(trivialPipeline(1))
      const one = await time(trivialPipeline(1))
      return ((await time(trivialPipeline(100))) - one) / 99
    }
    case 'aggregate':
      return await time(fromCsv(AGGREGATE, { ref: 'bench.totals' }))
    case 'create':
      return await time(fromCsv('SELECT * FROM csv', { ref: 'bench.big' }))
    case 'upsert':
      return await time(fromCsv('SELECT * FROM csv', { ref: 'bench.big', upsert: { keys: ['id'] } }))
    default:
      throw new Error(`there is no work "${what}"`)
  }
}

function fromCsv(sql: string, table: { ref: string; upsert?: { keys: string[] } }): PipelineDocument {
  const sources = { csv: { file: { path: csv, format: 'csv' as const } } }
  return pipeline('bench', {}, [processOf('load', [step('step', { sources, sql, target: { table } })])])
}

async function alone(): Promise<number> {
  return await timed(async () => {
    const connection = await (await DuckDBInstance.create()).connect()
    const query = AGGREGATE.replace('FROM csv', `FROM read_csv('${csv}')`)
    await connection.run(`COPY (${query}) TO '${join(folder, 'totals.parquet')}' (FORMAT parquet)`)
  })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}
