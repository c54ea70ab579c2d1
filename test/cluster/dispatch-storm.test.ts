// Long runs through a worker pool, while everything between their operator and their workers dies: `FAULTS=500` for more faults,
// `SEED=…` for those of an earlier run. All faults strike at least once.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { API_VERSION } from '../../src/manifest/index.ts'
import { type BrokerProcess, type Link, startBroker, until } from './bed/index.ts'
import { Cluster } from './support/cluster.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import { REPOSITORY } from './support/operator-process.ts'
import { seeded } from './support/seeded.ts'
import { withVolume } from './support/storages.ts'
import { STORM_TABLES, stormPipeline } from './support/storm/pipeline.ts'
import { PATIENCE_SECONDS, Storm } from './support/storm/storm.ts'

const FAULTS = Number(process.env['FAULTS'] ?? 20)
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const WORKERS = 3
/** Runs at the same time. */
const RUNS = 2

const local = mkdtempSync(join(tmpdir(), 'loom-local-'))
let cluster: Cluster | undefined
let broker: BrokerProcess | undefined
let links: Link[] = []

before(async () => {
  cluster = await Cluster.start()
  broker = await startBroker()
  links = [await broker.link(), await broker.link()]
})

after(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await broker?.[Symbol.asyncDispose]()
  rmSync(local, { recursive: true, force: true })
})

/** What `loom run` makes of the pipeline on this machine, by table. */
async function expectedTables(): Promise<Record<string, readonly string[]>> {
  const manifest = {
    apiVersion: API_VERSION,
    kind: 'ETLPipeline',
    metadata: { name: 'storm' },
    spec: stormPipeline('r'),
  }
  writeFileSync(join(local, 'pipeline.yaml'), stringify(manifest))
  const args = [join(REPOSITORY, 'dist/cli/main.js'), 'run', '-f', 'pipeline.yaml']
  await promisify(execFile)(process.execPath, args, { cwd: local })
  return await rowsOfTables(join(local, '.loom/lake/r'))
}

async function prepare(bed: Cluster): Promise<string> {
  const control = join(bed.plane.folder, 'control')
  mkdirSync(control)
  chmodSync(control, 0o777)
  const pods = withVolume(bed.lake, { name: 'control', hostPath: { path: control } })
  await bed.apply(bed.storage({ ...pods, image: 'loom:mortal' }))
  await bed.apply({
    kind: 'ETLWorkerPool',
    metadata: { name: 'warm' },
    spec: { replicas: { min: WORKERS, max: WORKERS }, resources: { limits: { memory: '1Gi' } } },
  })
  return control
}

/** Keeps so many runs going. @returns the names of all so far */
class Runs {
  readonly names: string[] = []
  readonly #cluster: Cluster

  constructor(bed: Cluster) {
    this.#cluster = bed
  }

  async fill(): Promise<void> {
    const going = (await this.unfinished()).length
    for (let i = going; i < RUNS; i++) {
      const name = `r${this.names.length}`
      const retry = { limit: 50, backoff: { initial: '100ms', factor: 1 } }
      await this.#cluster.apply({
        kind: 'ETLRun',
        metadata: { name },
        spec: { pipeline: stormPipeline(name), dispatch: { mode: 'nats', pool: 'warm' }, retry },
      })
      this.names.push(name)
    }
  }

  async unfinished(): Promise<string[]> {
    const all = await Promise.all(this.names.map(async (name) => await this.#cluster.run(name)))
    return all.flatMap((run) => (run?.status?.finishedAt === undefined ? (run?.metadata.name ?? []) : []))
  }

  /** How far all have come. */
  async progress(): Promise<string> {
    const all = await Promise.all(this.names.map(async (name) => await this.#cluster.run(name)))
    return all.map((run) => `${run?.status?.attempt ?? 0}:${run?.status?.stepStates ?? ''}`).join(' ')
  }
}

/** All of them in some order, then any. */
function plan(faults: readonly string[], random: () => number): string[] {
  const shuffled = faults.map((fault) => [random(), fault] as const).sort(([a], [b]) => a - b)
  const more = Array.from(
    { length: Math.max(0, FAULTS - faults.length) },
    () => faults[Math.floor(random() * faults.length)] ?? '',
  )
  return [...shuffled.map(([, fault]) => fault), ...more].slice(0, Math.max(FAULTS, faults.length))
}

async function strike(storm: Storm, runs: Runs, { fault, t }: { fault: string; t: TestContext }): Promise<void> {
  await runs.fill()
  const before = await runs.progress()
  t.diagnostic(`${fault}, at ${before}`)
  await storm.faults[fault]?.()
  await until(
    `something goes on after this: ${fault}`,
    async () => {
      await runs.fill()
      return (await runs.progress()) !== before
    },
    { seconds: PATIENCE_SECONDS },
  )
}

test(`whatever dies between the operator and its workers, runs end, and each table has one commit of each step (SEED=${SEED} FAULTS=${FAULTS})`, async (t) => {
  assert.ok(cluster !== undefined && broker !== undefined)
  const [operatorLink, workerLink] = links
  assert.ok(operatorLink !== undefined && workerLink !== undefined)
  const expected = await expectedTables()
  assert.equal(Object.keys(expected).length, STORM_TABLES)
  const control = await prepare(cluster)
  const random = seeded(SEED)
  const runs = new Runs(cluster)
  const keepBusy = () => runs.fill()
  using storm = new Storm({ cluster, broker, operatorLink, workerLink, control, random, keepBusy })
  storm.start()
  try {
    for (const fault of plan(Object.keys(storm.faults), random)) await strike(storm, runs, { fault, t })
  } catch (thrown) {
    const statuses = await Promise.all(
      (await runs.unfinished()).map(async (name) => (await cluster?.run(name))?.status),
    )
    t.diagnostic(`${JSON.stringify(statuses)}\n${await storm.scene()}`)
    throw thrown
  }
  for (const name of runs.names) {
    const status = await cluster.ends(name, { seconds: PATIENCE_SECONDS })
    assert.equal(status.phase, 'Succeeded', JSON.stringify(status))
  }
  const tables = join(cluster.lake, 'tables')
  for (const name of runs.names) assert.deepEqual(await rowsOfTables(join(tables, name)), expected, name)
  const commits = Object.values(commitsByWriter(tables))
  assert.deepEqual(commits, new Array(runs.names.length * Object.keys(expected).length).fill(1))
  t.diagnostic(`${runs.names.length} runs, ${commits.length} commits`)
})
