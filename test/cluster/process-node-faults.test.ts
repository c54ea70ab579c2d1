// The faults of a process node: each shows in the pod's status, and in what the control plane makes of it, as it does on a real node.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type ControlPlane, type ProcessNode, startControlPlane, startProcessNode, until } from './bed/index.ts'
import type { Pod, PodSpec } from './bed/node/pod.ts'
import {
  condition,
  eventReasons,
  JOBS,
  job,
  NAMESPACE,
  PODS,
  pod,
  podIn,
  podThat,
  shell,
  stateOf,
} from './bed/shapes.ts'

const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`
/** A process with number 1 hears SIGTERM only if it asks to, here as in a container. */
const FOREVER = shell('trap "exit 0" TERM; while :; do sleep 0.05; done')

let plane: ControlPlane
let node: ProcessNode

before(async () => {
  plane = await startControlPlane({ nodeGraceSeconds: 4, evictAfterSeconds: 1 })
  node = await startProcessNode(plane)
})

after(() => plane.stop())

const named = (name: string) => ({ namespace: NAMESPACE, name })

async function running(name: string, container = FOREVER, more: Partial<PodSpec> = {}): Promise<void> {
  await plane.api.create(PODS, pod(name, container, more))
  await podIn(plane.api, name, 'Running')
}

/** The pod once its container waits for the reason. */
async function waiting(name: string, reason: string): Promise<Pod> {
  return await podThat(plane.api, name, (found) => stateOf(found).waiting?.reason === reason)
}

async function podsOfJob(name: string): Promise<readonly Pod[]> {
  return await plane.api.list<Pod>(`${PODS}?labelSelector=batch.kubernetes.io/job-name%3D${name}`)
}

/** Makes a Job that runs forever, and gives its pod once that runs. */
async function podOfJob(name: string): Promise<Pod> {
  await plane.api.create(JOBS, job(name, FOREVER))
  return await until('the pod runs', async () =>
    (await podsOfJob(name)).find(({ status }) => status?.phase === 'Running'),
  )
}

async function gone(name: string): Promise<void> {
  await until(`pod "${name}" is gone`, async () => (await plane.api.find(`${PODS}/${name}`)) === undefined)
}

describe('a container', () => {
  it('killed for its memory says so', async () => {
    await running('hungry')
    node.oomKill(named('hungry'))
    const found = await podIn(plane.api, 'hungry', 'Failed')
    assert.equal(stateOf(found).terminated?.reason, 'OOMKilled')
    assert.equal(stateOf(found).terminated?.exitCode, 137)
    assert.equal(found.status?.reason, undefined)
  })

  it('killed by somebody else ends with the signal in its exit code', async () => {
    await running('killed')
    node.kill(named('killed'))
    const { terminated } = stateOf(await podIn(plane.api, 'killed', 'Failed'))
    assert.deepEqual([terminated?.reason, terminated?.exitCode], ['Error', 137])
  })

  it('waits for its image, and runs when it can be had', async () => {
    const release = node.failImage('shell:late')
    await plane.api.create(PODS, pod('late-image', { ...shell('true'), image: 'shell:late' }))
    const first = await waiting('late-image', 'ErrImagePull')
    assert.match(stateOf(first).waiting?.message ?? '', /^failed to pull and unpack image "shell:late": .*: not found$/)
    const second = await waiting('late-image', 'ImagePullBackOff')
    assert.match(stateOf(second).waiting?.message ?? '', /^Back-off pulling image "shell:late": ErrImagePull: /)
    assert.equal(second.status?.phase, 'Pending')
    assert.deepEqual(condition(second, 'Ready'), { status: 'False', reason: 'ContainersNotReady' })
    const reasons = await eventReasons(plane.api, 'late-image')
    assert.ok(reasons.includes('Failed') && reasons.includes('BackOff'), reasons.join())
    release()
    await podIn(plane.api, 'late-image', 'Succeeded')
  })

  it('whose image must not be pulled stays that way until the deadline', async () => {
    const release = node.failImage('shell:never', { reason: 'ErrImageNeverPull' })
    const container = { ...shell('true'), image: 'shell:never' }
    await plane.api.create(PODS, pod('never-pulled', container, { activeDeadlineSeconds: 2 }))
    await waiting('never-pulled', 'ErrImageNeverPull')
    const found = await podIn(plane.api, 'never-pulled', 'Failed')
    assert.equal(found.status?.reason, 'DeadlineExceeded')
    assert.equal(stateOf(found).terminated?.reason, 'ContainerStatusUnknown')
    release()
  })

  it('waits for a Secret and its key, and runs when they are there', async () => {
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'later', key: 'token' } } }]
    await plane.api.create(PODS, pod('no-secret', shell('echo $TOKEN', { env })))
    const first = await waiting('no-secret', 'CreateContainerConfigError')
    assert.equal(stateOf(first).waiting?.message, 'secret "later" not found')
    assert.equal(first.status?.phase, 'Pending')
    await plane.api.create(SECRETS, { metadata: { name: 'later' } })
    const missingKey = `couldn't find key token in Secret ${NAMESPACE}/later`
    await podThat(plane.api, 'no-secret', (found) => stateOf(found).waiting?.message === missingKey)
    await plane.api.patch(`${SECRETS}/later`, { stringData: { token: 'there' } })
    await podIn(plane.api, 'no-secret', 'Succeeded')
    assert.equal(node.log(named('no-secret')), 'there\n')
  })

  it('waits for a key of a ConfigMap', async () => {
    await plane.api.create(CONFIG_MAPS, { metadata: { name: 'half' }, data: { a: '1' } })
    const env = [{ name: 'B', valueFrom: { configMapKeyRef: { name: 'half', key: 'b' } } }]
    await plane.api.create(PODS, pod('no-key', shell('true', { env })))
    const found = await waiting('no-key', 'CreateContainerConfigError')
    assert.equal(stateOf(found).waiting?.message, `couldn't find key b in ConfigMap ${NAMESPACE}/half`)
  })

  it('that must not be root and would be is not started', async () => {
    await plane.api.create(PODS, pod('root', shell('true', { securityContext: { runAsNonRoot: true } })))
    const found = await waiting('root', 'CreateContainerConfigError')
    assert.match(
      stateOf(found).waiting?.message ?? '',
      /^container has runAsNonRoot and image will run as root \(pod: "default\/root\(/,
    )
  })
})

describe('a pod', () => {
  it('waits for the ConfigMap of a volume, which only its events tell', async () => {
    const container = shell('cat /plan/word', { volumeMounts: [{ name: 'plan', mountPath: '/plan' }] })
    await plane.api.create(
      PODS,
      pod('no-volume', container, { volumes: [{ name: 'plan', configMap: { name: 'unwritten' } }] }),
    )
    await until('the mount failed', async () => (await eventReasons(plane.api, 'no-volume')).includes('FailedMount'))
    const found = await waiting('no-volume', 'ContainerCreating')
    assert.equal(found.status?.phase, 'Pending')
    await plane.api.create(CONFIG_MAPS, { metadata: { name: 'unwritten' }, data: { word: 'here' } })
    await podIn(plane.api, 'no-volume', 'Succeeded')
    assert.equal(node.log(named('no-volume')), 'here')
  })

  it('evicted by its node fails for the node’s sake', async () => {
    await running('evicted')
    node.evict(named('evicted'))
    const found = await podIn(plane.api, 'evicted', 'Failed')
    assert.equal(found.status?.reason, 'Evicted')
    assert.equal(found.status.message, 'The node was low on resource: memory. ')
    assert.deepEqual(condition(found, 'DisruptionTarget'), { status: 'True', reason: 'TerminationByKubelet' })
    assert.ok(stateOf(found).terminated)
    assert.ok((await eventReasons(plane.api, 'evicted')).includes('Evicted'))
  })

  it('evicted through the API carries the condition of that', async () => {
    await running('drained')
    const release = node.holdStatus(({ metadata }) => metadata.name === 'drained')
    await plane.api.create(`${PODS}/drained/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'drained' },
      deleteOptions: { gracePeriodSeconds: 1 },
    })
    const found = await podThat(plane.api, 'drained', (one) => condition(one, 'DisruptionTarget') !== undefined)
    assert.deepEqual(condition(found, 'DisruptionTarget'), { status: 'True', reason: 'EvictionByEvictionAPI' })
    release()
    await gone('drained')
  })

  it('that vanishes is gone at once, and its Job makes another one without counting it', async () => {
    const first = await podOfJob('robbed')
    await node.vanish(first.metadata)
    assert.equal(await plane.api.find(`${PODS}/${first.metadata.name}`), undefined)
    const second = await until('there is another pod', async () =>
      (await podsOfJob('robbed')).find(({ metadata }) => metadata.uid !== first.metadata.uid),
    )
    assert.notEqual(second.metadata.name, first.metadata.name)
    const { status } = await plane.api.get<{ status: { failed?: number } }>(`${JOBS}/robbed`)
    assert.equal(status.failed, undefined)
  })

  it('deleted by force is counted by its Job, and what ran of it ends', async () => {
    const found = await podOfJob('forced')
    await plane.api.delete(`${PODS}/${found.metadata.name}`, { gracePeriodSeconds: 0 })
    await until('the Job has failed', async () => {
      const { status } = await plane.api.get<{ status: { failed?: number } }>(`${JOBS}/forced`)
      return status.failed === 1
    })
    await gone(found.metadata.name)
    assert.throws(() => node.log(found.metadata), /has no pod/)
  })

  it('that its node does not look at stays as it was', async () => {
    const release = node.holdStart(({ metadata }) => metadata.name === 'unseen')
    await plane.api.create(PODS, pod('unseen', shell('true')))
    const found = await podThat(plane.api, 'unseen', ({ spec }) => spec.nodeName === node.name)
    assert.equal(found.status?.startTime, undefined)
    release()
    await podIn(plane.api, 'unseen', 'Succeeded')
  })

  it('whose last status comes late ends long before anybody knows', async () => {
    const release = node.holdStatus(({ metadata }, { phase }) => metadata.name === 'late' && phase === 'Succeeded')
    await running('late', shell('sleep 0.3; echo done'))
    await until('the container has ended', () => node.log(named('late')) === 'done\n')
    assert.equal((await plane.api.get<Pod>(`${PODS}/late`)).status?.phase, 'Running')
    release()
    await podIn(plane.api, 'late', 'Succeeded')
  })
})

describe('a lost node', () => {
  const here = () => ({ nodeSelector: { 'kubernetes.io/hostname': node.name } })

  // Where every node is lost, Kubernetes takes itself for the lost one and evicts nobody.
  before(async () => {
    await startProcessNode(plane)
  })

  it('gets its pods marked for deletion, and ends them when it is back', async () => {
    await running('stranded', FOREVER, here())
    await node.lose()
    const found = await podThat(plane.api, 'stranded', ({ metadata }) => metadata.deletionTimestamp !== undefined)
    assert.deepEqual(condition(found, 'DisruptionTarget'), { status: 'True', reason: 'DeletionByTaintManager' })
    assert.equal(condition(found, 'Ready')?.status, 'False')
    assert.equal(found.status?.phase, 'Running')
    const { status } = await plane.api.get<{ status: Pod['status'] }>(`/api/v1/nodes/${node.name}`)
    assert.deepEqual(
      status?.conditions?.filter(({ type }) => type === 'Ready').map(({ status, reason }) => [status, reason]),
      [['Unknown', 'NodeStatusUnknown']],
    )
    await node.recover()
    await gone('stranded')
  })

  it('that was dead knows nothing of its containers when it is back', async () => {
    await until('the node is fine', async () => {
      const { spec } = await plane.api.get<{ spec: { taints?: unknown[] } }>(`/api/v1/nodes/${node.name}`)
      return spec.taints === undefined
    })
    await running('drowned', FOREVER, here())
    await node.lose({ dead: true })
    await node.recover()
    const found = await podIn(plane.api, 'drowned', 'Failed')
    assert.equal(stateOf(found).terminated?.reason, 'ContainerStatusUnknown')
    assert.equal(stateOf(found).terminated?.exitCode, 137)
  })
})
