// Runs whose steps go to a worker pool over a real broker, with everything real: API server, operator, Deployment, workers.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type BrokerProcess, startBroker, until } from './bed/index.ts'
import { Cluster, type Manifest } from './support/cluster.ts'
import { commitsByWriter } from './support/lake.ts'
import { gated, quick, run } from './support/pipelines.ts'

const pool = (name: string, spec: object = {}): Manifest => ({
  kind: 'ETLWorkerPool',
  metadata: { name },
  spec: { replicas: { min: 2, max: 2 }, resources: { limits: { memory: '1Gi' } }, ...spec },
})

const NATS = { dispatch: { mode: 'nats', pool: 'warm' } }
const WRITES = ['create', 'update', 'patch', 'delete']
/** An operator looks at pools and renews its lease beside all runs. */
const OF_RUNS = ['etlruns', 'jobs', 'configmaps', 'events']

describe('runs whose steps go to a pool', () => {
  let cluster: Cluster
  let broker: BrokerProcess

  before(async () => {
    cluster = await Cluster.start({ users: [{ name: 'operator', groups: ['system:masters'] }] })
    broker = await startBroker()
    const { kubeconfig } = cluster.plane.user('operator')
    const operator = cluster.startOperator({ kubeconfig, flags: ['--nats', broker.url, '--step-lease', '3s'] })
    await operator.leads()
    await cluster.apply(cluster.storage())
    await cluster.apply(pool('warm'))
    await cluster.apply(run('first', [quick('first')], NATS))
    await cluster.ends('first', { seconds: 120 })
    await cluster.tells('first', 'Succeeded') // the last write for it
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await broker?.[Symbol.asyncDispose]()
  })

  /** How often the operator has written for runs so far. */
  const writes = () =>
    cluster.plane
      .auditLog()
      .filter(({ user, verb, resource }) => user === 'operator' && WRITES.includes(verb) && OF_RUNS.includes(resource))
      .length

  const commitsOf = async (name: string) => {
    const { uid } = (await cluster.run(name))?.metadata ?? {}
    const all = Object.entries(commitsByWriter(join(cluster.lake, 'tables')))
    return all.filter(([writer]) => writer.startsWith(`loom/${uid}/`)).map(([, commits]) => commits)
  }

  it('start no pod, and cost four writes with one step, events included', async () => {
    const before = writes()
    await cluster.apply(run('one', [quick('one')], NATS))
    const status = await cluster.ends('one')
    assert.equal(status.phase, 'Succeeded', JSON.stringify(status))
    await cluster.tells('one', 'Succeeded')
    assert.deepEqual([(await cluster.jobs('one')).length, (await cluster.pods('one')).length], [0, 0])
    assert.ok(writes() - before <= 4, `${writes() - before} writes`)
    assert.equal(status.plan, undefined, 'what is not needed any more is not kept')
  })

  it('cost a tenth of a write for each step of a large group, and commit each step once', async () => {
    const before = writes()
    const members = Array.from({ length: 90 }, (_, i) => quick(`g${i}`))
    await cluster.apply(run('large', [{ parallel: members }], NATS))
    const status = await cluster.ends('large', { seconds: 120 })
    assert.deepEqual([status.phase, status.progress], ['Succeeded', '90/90'], JSON.stringify(status.failures))
    assert.ok(writes() - before <= 9, `${writes() - before} writes`)
    assert.deepEqual(await commitsOf('large'), new Array(90).fill(1))
  })

  it('go there by themselves with their groups, and as Jobs with what stands alone', async () => {
    await cluster.apply(run('mixed', [{ parallel: [quick('m1'), quick('m2')] }, quick('m3')]))
    const status = await cluster.ends('mixed')
    assert.equal(status.phase, 'Succeeded', JSON.stringify(status))
    assert.deepEqual(
      status.steps?.map(({ step, pool: of }) => [step, of]),
      [
        ['m1', 'warm'],
        ['m2', 'warm'],
        ['m3', undefined],
      ],
    )
    assert.equal((await cluster.jobs('mixed')).length, 1)
  })

  it('reach their workers when they are cancelled', async () => {
    await cluster.apply(run('stopped', [gated('stopped')], NATS))
    await cluster.runIs('stopped', 'is with a worker', ({ stepStates }) => stepStates === 'R')
    const status = await cluster.cancel('stopped')
    assert.equal(status.stepStates, 'C')
    assert.deepEqual(await commitsOf('stopped'), [])
  })

  it('give out nothing while they are suspended', async () => {
    const spec = { ...NATS, suspend: true }
    await cluster.apply(run('paused', [quick('p1')], spec))
    await cluster.runIs('paused', 'is suspended', ({ phase }) => phase === 'Suspended')
    assert.deepEqual(await commitsOf('paused'), [])
    await cluster.patchRun('paused', { suspend: false })
    assert.equal((await cluster.ends('paused')).phase, 'Succeeded')
  })

  it('wait for a pool that is missing or paused, say so, and go on when it is there', async () => {
    const there = (name: string) => ({ dispatch: { mode: 'nats', pool: name } })
    await cluster.apply(run('waits', [quick('w1')], there('later')))
    await cluster.runIs('waits', 'names the pool', ({ reason }) => reason === 'PoolNotFound')
    await cluster.apply(pool('later', { paused: true }))
    await cluster.runIs('waits', 'says that it is paused', ({ reason }) => reason === 'PoolPaused')
    await cluster.plane.api.patch('/apis/loom.etl/v1alpha1/namespaces/default/etlworkerpools/later', {
      spec: { paused: false },
    })
    assert.equal((await cluster.ends('waits', { seconds: 120 })).phase, 'Succeeded')
  })

  it('go as Jobs, and say so, when the pool that they name does not suit them', async () => {
    await cluster.applyStorage('other', {})
    const spec = { storageRef: { name: 'other' }, dispatch: { pool: 'warm' } }
    await cluster.apply(run('unsuited', [{ parallel: [quick('u1'), quick('u2')] }], spec))
    assert.equal((await cluster.ends('unsuited')).phase, 'Succeeded')
    assert.match(await cluster.tells('unsuited', 'DispatchFallback'), /storage/)
    assert.equal((await cluster.jobs('unsuited')).length, 2)
  })

  it('go as Jobs when the broker stays away', async () => {
    await broker.kill()
    try {
      await cluster.apply(run('alone', [{ parallel: [quick('x1'), quick('x2')] }]))
      await cluster.runIs('alone', 'is in line', ({ stepStates }) => stepStates === 'QQ')
      assert.equal((await cluster.ends('alone', { seconds: 120 })).phase, 'Succeeded')
      assert.match(await cluster.tells('alone', 'DispatchFallback'), /broker/)
    } finally {
      await broker.start()
    }
    await cluster.apply(run('together', [quick('t1')], NATS))
    await until('the pool works again', async () => (await cluster.run('together'))?.status?.phase === 'Succeeded')
  })
})
