// `make bench`: how fast we are, beside peers, on the same data and work, in one run. Prints one table.
//
// BENCH_ROWS (default 10 million) scales the data down. BENCH_PYTHON is the Python of the peers' environment.
// Not part of CI: what it says depends on the machine and on what else the machine does.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { dirname, join } from 'node:path'
import { type Contender, program, secondsOf, sideBySide } from './measure.ts'
import { type Measured, resultTable, whereWeLose } from './result-table.ts'
import { copyTable, makeData, makeDbtProject, makeManifest } from './set-up.ts'

const ROOT = join(import.meta.dirname, '../..')
const HERE = import.meta.dirname
const CACHE = join(ROOT, '.cache/bench')
const ROWS = Number(process.env['BENCH_ROWS'] ?? 10_000_000)
const PYTHON = process.env['BENCH_PYTHON'] ?? join(ROOT, '.cache/bench-venv/bin/python')
const LOOM = join(ROOT, 'dist/cli/main.js')
const LIBRARY = 'loom-kernel (Python)'

/** Emptied before each contender's turn, so that all of them create their tables. */
let scratch = ''
const fresh = (): string => {
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch, { recursive: true })
  return scratch
}
const ours = (...args: string[]) => secondsOf(process.execPath, [join(HERE, 'ours.ts'), ...args], ROOT)
const python = (script: string, ...args: string[]) => secondsOf(PYTHON, [join(HERE, script), ...args], ROOT)
const say = (line: string) => void process.stderr.write(`${line}\n`)

await main()

async function main(): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  scratch = join(mkdtempSync(join(CACHE, 'run-')), 'scratch')
  try {
    const results = [await coldStart(1), await coldStart(20), await perStep(), await aggregate(), await upsert()]
    process.stdout.write(`${about()}\n\n${resultTable(results)}\n\n${whereWeLose(results)}\n`)
  } finally {
    rmSync(dirname(scratch), { recursive: true, force: true })
  }
}

function about(): string {
  const model = cpus()[0]?.model ?? 'unknown CPU'
  const peers = readFileSync(join(HERE, 'requirements.txt'), 'utf8').match(/^[a-z].*$/gm) ?? []
  const machine = `${cpus().length} × ${model}, Linux ${release()}, Node ${process.versions.node}`
  return `${new Date().toISOString().slice(0, 10)} · ${machine} · ${ROWS} rows\nPeers: ${peers.join(', ')}`
}

async function coldStart(steps: number): Promise<Measured> {
  say(`cold start to exit, ${steps} step(s)`)
  const manifest = join(CACHE, `steps-${steps}.yaml`)
  const project = join(CACHE, `dbt-${steps}`)
  makeManifest(manifest, steps)
  makeDbtProject(project, { models: steps })
  const whole =
    (run: () => Promise<string>): Contender =>
    async () => {
      const started = performance.now()
      await run()
      return (performance.now() - started) / 1000
    }
  const loom = [LOOM, 'run', '-f', manifest, '--output', 'json']
  const contenders = {
    ours: whole(() => program(process.execPath, loom, fresh())),
    dbt: whole(() => program(join(dirname(PYTHON), 'dbt'), ['run', '--quiet', '--profiles-dir', project], project)),
    [LIBRARY]: whole(() => program(PYTHON, [join(HERE, 'python_runner.py'), fresh(), 'steps', String(steps)], ROOT)),
  }
  const times = await sideBySide(contenders, { rounds: 5, warmUp: true })
  const result = measured(`cold start to exit, ${steps} ${steps === 1 ? 'step' : 'steps'}`, 's', times)
  return steps === 1 ? { ...result, target: { text: '≤ 0.5 s', met: result.ours <= 0.5 } } : result
}

async function perStep(): Promise<Measured> {
  say('per-step overhead in process')
  const contenders = {
    ours: () => ours(fresh(), 'per-step'),
    [LIBRARY]: () => python('python_runner.py', fresh(), 'per-step'),
  }
  const result = measured('each further step (trivial SQL → Delta)', 'ms', await sideBySide(contenders, { rounds: 5 }))
  return { ...result, target: { text: '≤ 12 ms', met: result.ours <= 0.012 } }
}

async function aggregate(): Promise<Measured> {
  say(`${ROWS} rows: CSV → group by → table`)
  const { all } = await makeData(CACHE, ROWS)
  const project = join(CACHE, 'dbt-aggregate')
  makeDbtProject(project, { csv: all })
  const contenders = {
    ours: () => ours(fresh(), 'aggregate', all),
    'DuckDB alone': () => ours(fresh(), 'duckdb', all),
    [LIBRARY]: () => python('python_runner.py', fresh(), 'aggregate', all),
    'dbt-duckdb (its model only)': () => dbtModel(project),
  }
  const times = await sideBySide(contenders, { rounds: 3, warmUp: true })
  const result = measured(`${inMillions(ROWS)} rows CSV → group by → table`, 's', times)
  const ratio = result.ours / (times['DuckDB alone'] ?? Number.NaN)
  return { ...result, target: { text: '≤ 1.15 × DuckDB alone', met: ratio <= 1.15 } }
}

/** What dbt says that the model took: its start and parsing are measured elsewhere. */
async function dbtModel(project: string): Promise<number> {
  await program(join(dirname(PYTHON), 'dbt'), ['run', '--quiet', '--profiles-dir', project], project)
  const { results } = JSON.parse(readFileSync(join(project, 'target/run_results.json'), 'utf8')) as {
    results: { execution_time: number }[]
  }
  return results[0]?.execution_time ?? Number.NaN
}

async function upsert(): Promise<Measured> {
  say(`upsert of ${ROWS / 100} rows into ${ROWS}`)
  const { all, changed } = await makeData(CACHE, ROWS)
  const base = join(CACHE, `base-${ROWS}`)
  if (!existsSync(base)) await ours(base, 'create', all)
  const table = () => {
    const folder = join(fresh(), 'lake/bench/big')
    copyTable(join(base, 'lake/bench/big'), folder)
    return folder
  }
  const prepared = () => {
    table()
    return scratch
  }
  const contenders = {
    ours: () => ours(prepared(), 'upsert', changed),
    [LIBRARY]: () => python('python_runner.py', prepared(), 'upsert', changed),
    'delta-rs merge': () => python('deltalake_merge.py', table(), changed),
  }
  const times = await sideBySide(contenders, { rounds: 3 })
  return measured(`upsert of ${inMillions(ROWS / 100)} rows into ${inMillions(ROWS)}`, 's', times)
}

function measured(what: string, unit: 's' | 'ms', times: Record<string, number>): Measured {
  const { ours = Number.NaN, ...peers } = times
  return { what, unit, ours, peers }
}

function inMillions(rows: number): string {
  return rows >= 1e6 ? `${rows / 1e6} M` : `${rows / 1e3} k`
}
