// The operator against a real API server, with pods that really run: the flights example, undisturbed and disturbed.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Cluster, example } from './support/cluster.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import { REPOSITORY } from './support/operator-process.ts'

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

test('the flights example runs a Job per step and leaves the same tables as loom run, however often the operator is killed', async () => {
  assert.ok(cluster)
  await cluster.apply(cluster.storage())
  await cluster.apply(example('pipeline.yaml'))
  await cluster.apply(example('run-month.yaml'))
  const alone = ['--leader-elect', 'no']
  for (const progress of [0, 2, 5, 8, 11]) {
    const operator = cluster.startOperator({ flags: alone })
    await cluster.runIs(
      'flights-2013-01',
      `has done ${progress} steps`,
      (status) => status.startedAt !== undefined && Number(status.progress?.split('/')[0]) >= progress,
    )
    assert.equal(await operator.stop('SIGKILL'), 'SIGKILL')
  }
  const operator = cluster.startOperator({ flags: alone })
  const status = await cluster.ends('flights-2013-01', 120)
  assert.equal(status.phase, 'Succeeded', JSON.stringify(status))
  assert.equal(status.progress, '14/14')
  assert.equal((await cluster.jobs('flights-2013-01')).length, 14)
  assert.equal(await operator.stop(), 0)

  const expected = await runLocally()
  assert.deepEqual(await rowsOfTables(join(cluster.lake, 'tables')), expected)
  assert.equal(Object.keys(expected).length, 11)
  assert.ok(Object.values(expected).every((rows) => rows.length > 0))
  const commits = Object.values(commitsByWriter(join(cluster.lake, 'tables')))
  assert.deepEqual(commits, new Array(11).fill(1))
  const report = (folder: string) => readFileSync(join(folder, 'reports/carriers.csv'), 'utf8').split('\n').sort()
  assert.deepEqual(report(cluster.lake), report(join(local, '.loom')))
})
