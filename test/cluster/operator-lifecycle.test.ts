// What a user may do with runs, on a real API server: start, hold, stop, retry, delete, get it wrong.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { until } from './bed/index.ts'
import { Cluster, type Manifest, pathOf } from './support/cluster.ts'
import { Histories } from './support/histories.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import { fails, gated, inline, quick, run, slow } from './support/pipelines.ts'

let cluster: Cluster
let histories: Histories

before(async () => {
  cluster = await Cluster.start()
  await cluster.apply(cluster.storage())
  histories = new Histories(cluster.plane.api)
  cluster.startOperator()
})

after(async () => {
  histories?.[Symbol.dispose]()
  await cluster?.[Symbol.asyncDispose]()
})

const inTable = async (table: string) => (await rowsOfTables(join(cluster.lake, 'tables')))[`out/${table}`]

/** The run's phases in order, with their reasons. The watch that tells them may be a moment behind. */
async function became(run: string, ...history: string[]): Promise<void> {
  const isThere = async () => histories.of(run).at(-1) === history.at(-1)
  await until(`the watch tells of the end of run ${run}`, isThere, { seen: () => histories.of(run) })
  assert.deepEqual(histories.of(run), ['New', ...history])
}

/** Lets the gated step of that name go on. */
const openGate = (name: string) => writeFileSync(join(cluster.lake, `open-${name}`), '')

async function noPods(name: string): Promise<void> {
  await until(`the pods of run ${name} are gone`, async () => (await cluster.pods(name)).length === 0)
}

describe('a run', () => {
  it('with an inline pipeline, params and include runs what is asked for', async () => {
    const wants = { params: { n: { type: 'integer' } } }
    const step = { ...quick('params'), sources: {}, sql: 'SELECT $(params.n) AS n' }
    const pipeline = { ...inline([step, quick('left_out')]), ...wants }
    await cluster.apply({
      kind: 'ETLRun',
      metadata: { name: 'params' },
      spec: { pipeline, params: { n: 7 }, include: ['params'] },
    })
    const status = await cluster.ends('params')
    assert.equal(status.phase, 'Succeeded', JSON.stringify(status))
    assert.equal(status.progress, '1/1')
    assert.equal(status.stepStates, 'SK')
    assert.deepEqual(await inTable('params'), ['{} {"n":7}'])
    assert.equal(await inTable('left_out'), undefined)
    await became('params', 'Running', 'Succeeded')
  })

  it('can not be changed after its start, save for what may be', async () => {
    const path = `${pathOf('ETLRun')}/params`
    await assert.rejects(
      cluster.plane.api.patch(path, { spec: { params: { n: 8 } } }),
      /spec\.params can not be changed once the run has started/,
    )
    await assert.rejects(cluster.plane.api.patch(path, { spec: { include: null } }), /spec\.include can not be changed/)
    await cluster.patchRun('params', { ttlAfterFinished: '7d' })
    await cluster.patchRun('params', { suspend: true })
  })

  it('waits for its pipeline and storage', async () => {
    await cluster.apply({
      kind: 'ETLRun',
      metadata: { name: 'early' },
      spec: { pipelineRef: { name: 'late' }, storageRef: { name: 'late' } },
    })
    const first = await cluster.runIs('early', 'waits', ({ reason }) => reason === 'StorageNotFound')
    assert.equal(first.phase, 'Pending')
    assert.match(first.message ?? '', /ETLStorage "late" does not exist/)
    await cluster.apply({ ...cluster.storage(), metadata: { name: 'late' } })
    await cluster.runIs('early', 'waits for the pipeline', ({ reason }) => reason === 'PipelineNotFound')
    await cluster.apply({ kind: 'ETLPipeline', metadata: { name: 'late' }, spec: inline([quick('late')]) })
    assert.equal((await cluster.ends('early')).phase, 'Succeeded')
    await became('early', 'Pending StorageNotFound', 'Pending PipelineNotFound', 'Running', 'Succeeded')
  })

  it('whose pipeline has problems fails with all of them, and is looked at anew when it is changed', async () => {
    const asks = (name: string) => quick(name, { sql: `SELECT $(params.${name}) AS a FROM given` })
    await cluster.apply(run('problems', [asks('nope'), asks('neither')]))
    const status = await cluster.ends('problems')
    assert.deepEqual([status.phase, status.reason], ['Failed', 'InvalidPipeline'])
    assert.match(status.message ?? '', /nope/)
    assert.match(status.message ?? '', /neither/)
    const conditions = Object.fromEntries((status.conditions ?? []).map(({ type, status: is }) => [type, is]))
    assert.deepEqual(conditions, { Succeeded: 'False', Reconciling: 'False', Stalled: 'True', Compiled: 'False' })
    await cluster.patchRun('problems', { pipeline: inline([quick('mended')]) })
    await cluster.runIs('problems', 'succeeds', ({ phase }) => phase === 'Succeeded')
    await became('problems', 'Failed InvalidPipeline', 'Running', 'Succeeded')
  })

  it('is held by suspend, and goes on', async () => {
    await cluster.apply(run('held', [quick('held')], { suspend: true }))
    await cluster.runIs('held', 'is suspended', ({ phase }) => phase === 'Suspended')
    assert.deepEqual(await cluster.jobs('held'), [])
    await cluster.patchRun('held', { suspend: false })
    assert.equal((await cluster.ends('held')).phase, 'Succeeded')
    await became('held', 'Suspended', 'Running', 'Succeeded')
  })

  it('that is suspended while it runs lets its steps finish, starts no more, and goes on', async () => {
    await cluster.apply(run('paused', [gated('gate'), quick('behind_gate')]))
    await cluster.begun('paused')
    await cluster.patchRun('paused', { suspend: true })
    const waits = await cluster.runIs('paused', 'is told to wait', ({ reason }) => reason === 'Suspended')
    assert.match(waits.message ?? '', /1 running step is left to finish/)
    openGate('gate')
    const { progress, stepStates } = await cluster.runIs('paused', 'waits', ({ phase }) => phase === 'Suspended')
    assert.deepEqual([progress, stepStates], ['1/2', 'S.'])
    assert.equal((await cluster.jobs('paused')).length, 1)
    await cluster.patchRun('paused', { suspend: false })
    assert.equal((await cluster.ends('paused')).phase, 'Succeeded')
    await became('paused', 'Running', 'Running Suspended', 'Suspended', 'Running', 'Succeeded')
  })

  for (const [name, what, disturb] of [
    [
      'changing',
      'is changed',
      () => cluster.patchPipeline('changing', inline([quick('changing', { sql: 'SELECT 2 AS a' })])),
    ],
    ['going', 'is deleted', () => cluster.plane.api.delete(`${pathOf('ETLPipeline')}/going`)],
  ] as const)
    it(`keeps the plan that it started with when its pipeline ${what}`, async () => {
      const pipeline = inline([gated(`${name}_gate`), quick(name)])
      await cluster.apply({ kind: 'ETLPipeline', metadata: { name }, spec: pipeline })
      await cluster.apply({ kind: 'ETLRun', metadata: { name }, spec: { pipelineRef: { name } } })
      await cluster.begun(name)
      const { planHash } = (await cluster.run(name))?.status ?? {}
      await disturb()
      openGate(`${name}_gate`)
      const status = await cluster.ends(name)
      assert.deepEqual([status.phase, status.progress, status.planHash], ['Succeeded', '2/2', planHash])
      assert.deepEqual(await inTable(name), ['{} {"a":1}'])
      await became(name, 'Running', 'Succeeded')
    })

  it('is stopped by cancel, with its pods', async () => {
    await cluster.apply(run('cancelled', [quick('before'), slow('long'), quick('never')]))
    await cluster.runIs('cancelled', 'is under way', ({ progress }) => progress === '1/3')
    await cluster.begun('cancelled')
    await cluster.patchRun('cancelled', { cancel: true })
    const status = await cluster.ends('cancelled')
    assert.deepEqual([status.phase, status.reason], ['Cancelled', 'Cancelled'])
    assert.equal(status.stepStates, 'SCK')
    await became('cancelled', 'Running', 'Running Stopping', 'Cancelled')
    await until('no pod runs', async () =>
      (await cluster.pods('cancelled')).every((pod) => pod.status?.phase === 'Succeeded'),
    )
  })

  it('fails when its time is over', async () => {
    await cluster.apply(run('late', [slow('too_long')], { timeout: '3s' }))
    const status = await cluster.ends('late')
    assert.deepEqual([status.phase, status.reason], ['Failed', 'TimedOut'])
    await noPods('late')
    await became('late', 'Running', 'Running Stopping', 'Failed TimedOut')
  })

  it('tries a step again that has run out of time, without running again what has succeeded', async () => {
    const retry = { limit: 1, backoff: { initial: '1s' } }
    await cluster.apply(run('again', [quick('once'), slow('timed', { timeout: '2s' })], { retry }))
    await cluster.runIs('again', 'waits for its second attempt', ({ reason }) => reason === 'WaitingForRetry')
    const status = await cluster.ends('again')
    assert.deepEqual([status.phase, status.reason, status.attempt], ['Failed', 'StepFailed', 2])
    assert.equal(status.stepStates, 'SF')
    assert.equal(status.failures?.[0]?.reason, 'TimedOut')
    assert.equal((await cluster.jobs('again')).length, 3)
    assert.equal((await inTable('once'))?.length, 1)
    await became('again', 'Running', 'Running WaitingForRetry', 'Running', 'Failed StepFailed')
  })

  it('is not tried again after a failure that will not pass', async () => {
    await cluster.apply(run('hopeless', [fails('hopeless', 'no luck')], { retry: { limit: 5 } }))
    const status = await cluster.ends('hopeless')
    assert.deepEqual([status.phase, status.attempt], ['Failed', 1])
    assert.match(status.message ?? '', /no luck/)
    await became('hopeless', 'Running', 'Failed StepFailed')
  })

  it('is deleted with its Jobs, and its temps are removed', async () => {
    const temp = { ...quick('kept'), target: { temp: { name: 'kept' } } }
    await cluster.apply(run('temps', [temp, slow('after')]))
    await cluster.runIs('temps', 'has its temp', ({ progress }) => progress === '1/2')
    await cluster.begun('temps')
    const uid = (await cluster.run('temps'))?.metadata.uid ?? ''
    const folder = join(cluster.lake, 'temp/runs', uid)
    assert.ok(existsSync(folder), readdirSync(join(cluster.lake, 'temp/runs')).join())
    await cluster.deleteRun('temps')
    await until('the run is gone', async () => (await cluster.run('temps')) === undefined, { seconds: 60 })
    assert.equal(existsSync(folder), false)
    await until(
      'its Jobs are gone, save for the one that cleaned up',
      async () => (await cluster.jobs('temps')).length === 1,
    )
    await became('temps', 'Running')
  })

  it('with a time to live is deleted after its end', async () => {
    await cluster.apply(run('short', [quick('short')], { ttlAfterFinished: '1s' }))
    await until('the run is gone', async () => (await cluster.run('short')) === undefined)
    assert.equal((await inTable('short'))?.length, 1)
    await became('short', 'Running', 'Succeeded')
  })

  it('may not ask for what its storage does not allow', async () => {
    const asked: Manifest = run('greedy', [quick('greedy')], { step: { image: 'other:latest' } })
    await cluster.apply(asked)
    const status = await cluster.ends('greedy')
    assert.deepEqual([status.phase, status.reason], ['Failed', 'Denied'])
    assert.match(status.message ?? '', /allowedImages/)
    await became('greedy', 'Failed Denied')
  })
})

it('every step that wrote a table did so once', () => {
  for (const [writer, commits] of Object.entries(commitsByWriter(join(cluster.lake, 'tables'))))
    assert.equal(commits, 1, writer)
})
