// The flights example on a real API server, with pods that really run, and an operator that is killed again and again:
// `KILLS=100` for more kills, `SEED=…` for the moments of an earlier run.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { Cluster, example } from './support/cluster.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import { REPOSITORY } from './support/operator-process.ts'
import { RestlessOperators } from './support/restless-operators.ts'
import { hostFolder } from './support/storages.ts'

const KILLS = Number(process.env['KILLS'] ?? 10)
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const RUN = 'flights-2013-01'

const local = mkdtempSync(join(tmpdir(), 'loom-local-'))
let cluster: Cluster | undefined

before(async () => {
  cluster = await Cluster.start()
})

after(async () => {
  await cluster?.[Symbol.asyncDispose]()
  rmSync(local, { recursive: true, force: true })
})

/** What `loom run` makes of the example on this machine. */
async function runLocally(): Promise<Record<string, readonly string[]>> {
  const files = ['pipeline.yaml', 'run-month.yaml'].flatMap((file) => [
    '-f',
    join(REPOSITORY, 'examples/flights', file),
  ])
  const storage = join(REPOSITORY, 'examples/flights/storage.yaml')
  const args = [join(REPOSITORY, 'dist/cli/main.js'), 'run', ...files, '--storage', storage]
  await promisify(execFile)(process.execPath, args, { cwd: local })
  return await rowsOfTables(join(local, '.loom/lake'))
}

/** One run of the example in a namespace and a lake of its own. @returns how many operators were killed during it */
async function round(
  bed: Cluster,
  { namespace, kills, t }: { namespace: string; kills: number; t: TestContext },
): Promise<{ killed: number; lake: string }> {
  const lake = bed.makeLake(namespace)
  await bed.makeNamespace(namespace, {}, { volumes: [hostFolder(lake)] })
  const operators = new RestlessOperators(bed, SEED + Number(namespace.replace(/\D/g, '')))
  for (const file of ['pipeline.yaml', 'run-month.yaml']) {
    const manifest = example(file)
    await bed.apply({ ...manifest, metadata: { ...manifest.metadata, namespace } })
  }
  let killed = 0
  for (; killed < kills; killed++) {
    const phase = await operators.killOne()
    const { progress, finishedAt } = (await bed.run(RUN, namespace))?.status ?? {}
    t.diagnostic(`${namespace}, kill ${killed + 1} at ${progress ?? 'the start'}: ${phase}`)
    if (finishedAt !== undefined) break
  }
  const last = await operators.settle()
  const ended = await bed.ends(RUN, { seconds: 120, namespace })
  assert.deepEqual([ended.phase, ended.progress], ['Succeeded', '14/14'], JSON.stringify(ended))
  assert.equal((await bed.jobs(RUN, namespace)).length, 14)
  await last.leads()
  assert.equal(await last.stop(), 0)
  return { killed, lake }
}

test(`the flights example leaves the same tables as loom run, however often the operator is killed (SEED=${SEED} KILLS=${KILLS})`, async (t) => {
  assert.ok(cluster)
  const expected = await runLocally()
  assert.equal(Object.keys(expected).length, 11)
  assert.ok(Object.values(expected).every((rows) => rows.length > 0))
  const report = (folder: string) => readFileSync(join(folder, 'reports/carriers.csv'), 'utf8').split('\n').sort()
  for (let left = KILLS, number = 1; left > 0; number++) {
    const { killed, lake } = await round(cluster, { namespace: `round-${number}`, kills: left, t })
    left -= killed
    assert.deepEqual(await rowsOfTables(join(lake, 'tables')), expected)
    assert.deepEqual(Object.values(commitsByWriter(join(lake, 'tables'))), new Array(11).fill(1))
    assert.deepEqual(report(lake), report(join(local, '.loom')))
  }
})
