// Worker pools with real workers, a real broker and real controllers: workers come with the work and go after it, and whatever
// happens to them, no step is lost for it.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import type { RunStatus } from '../../src/manifest/index.ts'
import { type BrokerProcess, startBroker, until } from './bed/index.ts'
import { Cluster } from './support/cluster.ts'
import { gated, quick, run } from './support/pipelines.ts'
import { patchPool, pool, poolIs, toldOf, workersOf } from './support/pools.ts'

let cluster: Cluster
let broker: BrokerProcess

before(async () => {
  ;[cluster, broker] = await Promise.all([Cluster.start(), startBroker()])
  await cluster.apply(cluster.storage())
})

after(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await broker?.stop()
})

const onPool = (name: string) => ({ dispatch: { mode: 'nats', pool: name } })
const open = (step: string) => writeFileSync(join(cluster.lake, `open-${step}`), '')
const stepsOf = ({ steps = [] }: RunStatus) => steps.map(({ step, state, try: number }) => `${step} ${state} ${number}`)
const names = async (name: string) => (await workersOf(cluster, name)).map(({ metadata }) => metadata.name).sort()
const conditionOf = (
  { conditions = [] }: { conditions?: { type: string; status: string }[] | undefined },
  type: string,
) => conditions.find((condition) => condition.type === type)?.status

it('says so when the operator has no broker', async () => {
  const without = cluster.startOperator()
  await cluster.apply(pool('none', { replicas: { min: 1, max: 1 } }))
  const { message, conditions } = await poolIs(
    cluster,
    'none',
    'is stalled',
    ({ reason }) => reason === 'NatsNotConfigured',
  )
  assert.match(message ?? '', /--nats/)
  assert.equal(conditionOf({ conditions }, 'Stalled'), 'True')
  assert.equal(await without.stop('SIGTERM'), 0)
  await cluster.plane.api.delete('/apis/loom.etl/v1alpha1/namespaces/default/etlworkerpools/none')
  await cluster.startOperator({ flags: ['--nats', broker.url] }).leads()
})

it('has no worker while there is nothing to do, as many as there are steps, and none again', async () => {
  await cluster.apply(pool('warm', { replicas: { max: 3 } }))
  const idle = await poolIs(cluster, 'warm', 'is ready', ({ reason }) => reason === 'Ready')
  assert.deepEqual([idle.ready, idle.replicas, conditionOf(idle, 'Ready')], ['0/0', 0, 'True'])
  await cluster.apply(run('grows', [{ parallel: [gated('g1'), gated('g2')] }], onPool('warm')))
  const busy = await poolIs(cluster, 'warm', 'has two at work', (status) => status.busy === 2)
  assert.deepEqual([busy.ready, busy.reason, busy.backlog], ['2/2', 'Ready', 0])
  open('g1')
  open('g2')
  const { phase, ...status } = await cluster.ends('grows')
  assert.deepEqual([phase, stepsOf(status)], ['Succeeded', ['g1 Succeeded 1', 'g2 Succeeded 1']])
  await poolIs(
    cluster,
    'warm',
    'has no worker',
    ({ ready, replicas, reason }) => ready === '0/0' && replicas === 0 && reason === 'Ready',
  )
  assert.deepEqual(await cluster.jobs('grows'), [])
  const told = await toldOf(cluster, 'warm')
  assert.ok(told.includes('ScaledUp') && told.includes('ScaledDown'), told.join(' '))
})

it('sends idle workers away, and lets the busy one finish', async () => {
  await cluster.apply(pool('few', { replicas: { max: 3 } }))
  await cluster.apply(run('shrinks', [{ parallel: [quick('s1'), gated('s2'), quick('s3')] }], onPool('few')))
  await poolIs(cluster, 'few', 'has three', ({ replicas }) => replicas === 3)
  await poolIs(cluster, 'few', 'has one left, at work', (status) => status.replicas === 1 && status.busy === 1)
  open('s2')
  const status = await cluster.ends('shrinks')
  assert.deepEqual(stepsOf(status), ['s1 Succeeded 1', 's2 Succeeded 1', 's3 Succeeded 1'])
})

it('replaces workers of other settings, and loses no step by it', async () => {
  await cluster.apply(pool('rolls', { replicas: { min: 1, max: 1 } }))
  await poolIs(cluster, 'rolls', 'is ready', ({ reason }) => reason === 'Ready')
  await cluster.apply(run('goes-on', [gated('r1')], onPool('rolls')))
  await poolIs(cluster, 'rolls', 'is busy', ({ busy }) => busy === 1)
  const [old] = await names('rolls')
  await patchPool(cluster, 'rolls', { maxStepsPerProcess: 7 })
  await until('a new worker has come and the old one is on its way out', async () => {
    const now = await names('rolls')
    return now.length === 1 && now[0] !== old
  })
  await cluster.runIs('goes-on', 'runs still', ({ phase }) => phase === 'Running')
  open('r1')
  assert.deepEqual(stepsOf(await cluster.ends('goes-on')), ['r1 Succeeded 1'])
  await poolIs(cluster, 'rolls', 'is ready again', ({ reason, ready }) => reason === 'Ready' && ready === '1/1')
})

it('lets its workers go while it is paused', async () => {
  await patchPool(cluster, 'rolls', { paused: true })
  await poolIs(cluster, 'rolls', 'is empty', ({ reason, replicas }) => reason === 'Paused' && replicas === 0)
  assert.deepEqual(await names('rolls'), [])
  await patchPool(cluster, 'rolls', { paused: false })
  await poolIs(cluster, 'rolls', 'is ready again', ({ reason, ready }) => reason === 'Ready' && ready === '1/1')
})

it('tells why it has no workers', async () => {
  await cluster.apply(pool('lost', { storageRef: { name: 'elsewhere' }, replicas: { min: 1, max: 1 } }))
  await poolIs(cluster, 'lost', 'waits for its storage', ({ reason }) => reason === 'StorageNotFound')
  await cluster.applyStorage('elsewhere', { image: 'missing:1' })
  cluster.node.failImage('missing:1')
  const { message } = await poolIs(cluster, 'lost', 'names the image', ({ reason }) => reason === 'WorkersUnavailable')
  assert.match(message ?? '', /^0 of 1 worker ready; pod "lost-workers-.*": ImagePullFailed: /)
  await cluster.plane.api.patch('/apis/loom.etl/v1alpha1/namespaces/default/etlstorages/elsewhere', {
    spec: { pods: { image: 'loom:dev' } },
  })
  await poolIs(cluster, 'lost', 'is ready', ({ reason, ready }) => reason === 'Ready' && ready === '1/1')
  await patchPool(cluster, 'lost', { pod: { priorityClassName: 'high' } })
  const denied = await poolIs(
    cluster,
    'lost',
    'is denied',
    ({ reason, replicas }) => reason === 'Denied' && replicas === 0,
  )
  assert.match(denied.message ?? '', /spec\.pod\.priorityClassName is not allowed by the storage/)
})

it('tells that the Secret with the credentials is missing, and goes on when it is there', async () => {
  const { api } = cluster.plane
  const storage = cluster.storage()
  const nats = { credentialsRef: { name: 'nats' } }
  await cluster.apply({ ...storage, metadata: { name: 'guarded' }, spec: { ...storage.spec, nats } })
  await cluster.apply(pool('locked', { storageRef: { name: 'guarded' }, replicas: { min: 1, max: 1 } }))
  const { message } = await poolIs(cluster, 'locked', 'misses it', ({ reason }) => reason === 'WorkersUnavailable')
  assert.match(message ?? '', /CreateContainerError: .*nats/)
  await api.create('/api/v1/namespaces/default/secrets', { metadata: { name: 'nats' }, stringData: { token: 'any' } })
  await poolIs(cluster, 'locked', 'is ready', ({ reason, ready }) => reason === 'Ready' && ready === '1/1')
})

it('takes its workers with it when it is deleted', async () => {
  await cluster.plane.api.delete('/apis/loom.etl/v1alpha1/namespaces/default/etlworkerpools/rolls')
  await until('its workers are gone', async () => (await names('rolls')).length === 0)
})
