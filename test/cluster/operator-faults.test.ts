// What can go wrong with the pods of a step, on a real API server: each shows by its own reason, and the run goes on or ends as it should.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Pod, until } from './bed/index.ts'
import { Cluster } from './support/cluster.ts'
import { quick, run, slow } from './support/pipelines.ts'

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start()
  await cluster.apply(cluster.storage())
  await cluster.apply({ ...cluster.storage({ image: 'loom:absent' }), metadata: { name: 'no-image' } })
  await cluster.apply({ ...cluster.storage({ nodeSelector: { disk: 'none' } }), metadata: { name: 'no-node' } })
  await cluster.apply({ ...cluster.storage({ image: 'loom:empty' }), metadata: { name: 'no-program' } })
  cluster.node.failImage('loom:absent')
  cluster.startOperator()
})

after(() => cluster?.[Symbol.asyncDispose]())

const named = ({ metadata }: Pod) => ({ namespace: metadata.namespace ?? 'default', name: metadata.name })

/** The run, stopped for good so that it troubles no other test. */
async function cancel(name: string): Promise<void> {
  await cluster.patchRun(name, { cancel: true })
  assert.equal((await cluster.ends(name)).phase, 'Cancelled')
}

describe('a step whose pod', () => {
  it('is killed for its memory has failed by it', async () => {
    await cluster.apply(run('hungry', [slow('hungry')]))
    cluster.node.oomKill(named(await cluster.begun('hungry')))
    const { phase, failures } = await cluster.ends('hungry')
    assert.deepEqual([phase, failures?.[0]?.reason], ['Failed', 'OutOfMemory'])
  })

  it('is killed by somebody has told no outcome', async () => {
    await cluster.apply(run('killed', [slow('killed')]))
    cluster.node.kill(named(await cluster.begun('killed')))
    const { phase, failures } = await cluster.ends('killed')
    assert.deepEqual([phase, failures?.[0]?.reason], ['Failed', 'OutcomeMissing'])
  })

  for (const [name, reason, disturb] of [
    ['evicted', 'Evicted', async (pod: Pod) => cluster.node.evict(named(pod))],
    [
      'pod-deleted',
      'PodDeleted',
      async (pod: Pod) => await cluster.plane.api.delete(`/api/v1/namespaces/default/pods/${pod.metadata.name}`),
    ],
    [
      'job-deleted',
      'JobDeleted',
      async (pod: Pod) =>
        await cluster.plane.api.delete(
          `/apis/batch/v1/namespaces/default/jobs/${pod.metadata.labels?.['batch.kubernetes.io/job-name']}`,
          { propagationPolicy: 'Background' },
        ),
    ],
  ] as const)
    it(`is lost (${reason}) is tried again, and that counts as no attempt`, async () => {
      await cluster.apply(run(name, [slow('lost')]))
      const first = await cluster.begun(name)
      await disturb(first)
      await cluster.begun(name, first.metadata.uid)
      const { phase, steps } = await cluster.runIs(
        name,
        'is at its second try',
        (status) => status.steps?.[0]?.try === 2,
      )
      assert.deepEqual([phase, steps?.[0]?.attempt, steps?.[0]?.disruptions], ['Running', 1, 1])
      const events = await cluster.plane.api.list<{ reason: string; regarding: { name: string } }>(
        '/apis/events.k8s.io/v1/namespaces/default/events',
      )
      const told = events.filter(({ regarding }) => regarding.name === name).map((event) => event.reason)
      assert.ok(told.includes(reason), told.join())
      await cancel(name)
    })

  for (const [name, reason] of [
    ['no-image', 'ImagePullFailed'],
    ['no-node', 'Unschedulable'],
  ] as const)
    it(`does not get going says why: ${reason}`, async () => {
      await cluster.apply(run(name, [quick('waits')], { storageRef: { name } }))
      const { phase } = await cluster.runIs(name, `says ${reason}`, (status) => status.reason === reason)
      assert.equal(phase, 'Running')
      await cancel(name)
    })
})

it('a container that can not be started says why', async () => {
  await cluster.apply(run('no-program', [quick('never')], { storageRef: { name: 'no-program' } }))
  const { phase, failures } = await cluster.ends('no-program')
  assert.deepEqual([phase, failures?.[0]?.reason], ['Failed', 'CreateContainerError'])
})

describe('a namespace that refuses pods', () => {
  async function refusing(name: string, labels: Record<string, string>): Promise<void> {
    await cluster.plane.api.create('/api/v1/namespaces', { metadata: { name, labels } })
    const account = `/api/v1/namespaces/${name}/serviceaccounts/default`
    await until('the namespace is ready', async () => await cluster.plane.api.find(account))
  }

  it('by its quota is told as QuotaExceeded', async () => {
    await refusing('full', {})
    await cluster.plane.api.create('/api/v1/namespaces/full/resourcequotas', {
      metadata: { name: 'none' },
      spec: { hard: { pods: '0' } },
    })
    const place = { namespace: 'full' }
    await cluster.apply({ ...cluster.storage(), metadata: { name: 'default', ...place } })
    await cluster.apply({ ...run('full', [quick('full')]), metadata: { name: 'full', ...place } })
    await cluster.runIs('full', 'says so', ({ reason }) => reason === 'QuotaExceeded', place)
  })

  it('by Pod Security is told as AdmissionDenied', async () => {
    await refusing('strict', { 'pod-security.kubernetes.io/enforce': 'restricted' })
    const place = { namespace: 'strict' }
    await cluster.apply({ ...cluster.storage(), metadata: { name: 'default', ...place } })
    await cluster.apply({ ...run('strict', [quick('strict')]), metadata: { name: 'strict', ...place } })
    const { message } = await cluster.runIs('strict', 'says so', ({ reason }) => reason === 'AdmissionDenied', place)
    assert.match(message ?? '', /hostPath/)
  })
})

it('a plan that is deleted by hand is made again for the next step', async () => {
  await cluster.apply(run('remade', [slow('first'), quick('second')]))
  const first = await cluster.begun('remade')
  const { planConfigMap = '' } = (await cluster.run('remade'))?.status ?? {}
  const path = `/api/v1/namespaces/default/configmaps/${planConfigMap}`
  await cluster.plane.api.delete(path)
  await cluster.plane.api.delete(`/api/v1/namespaces/default/pods/${first.metadata.name}`)
  await cluster.begun('remade', first.metadata.uid)
  assert.ok(await cluster.plane.api.find(path))
  await cancel('remade')
})
