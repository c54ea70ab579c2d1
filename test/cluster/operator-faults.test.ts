// What can go wrong with the pods of a step, on a real API server: each shows by its own reason, with a way out, in the run's
// status and in an event, and the run goes on or ends as it should.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Reason, type RunStatus, WAYS_OUT } from '../../src/manifest/index.ts'
import { type Pod, startProcessNode, until } from './bed/index.ts'
import { Cluster } from './support/cluster.ts'
import { enginePid } from './support/engine-process.ts'
import { IMAGES } from './support/images.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import type { OperatorProcess } from './support/operator-process.ts'
import { inline, quick, run, slow, stuck } from './support/pipelines.ts'
import { withVolume } from './support/storages.ts'

/** Tests that mostly wait, each for its own run. */
const SIDE_BY_SIDE = { concurrency: 3 }

let cluster: Cluster
let operator: OperatorProcess

before(async () => {
  cluster = await Cluster.start({ nodeGraceSeconds: 10, evictAfterSeconds: 1 })
  await cluster.apply(cluster.storage())
  cluster.node.failImage('loom:absent')
  operator = cluster.startOperator()
})

after(() => cluster?.[Symbol.asyncDispose]())

const podPath = ({ metadata }: Pod) => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
const named = ({ metadata }: Pod) => ({ namespace: metadata.namespace ?? 'default', name: metadata.name })
const uidOf = async (name: string) => (await cluster.run(name))?.metadata.uid ?? ''

/** What is told to people: the reason's own way out, and what this case says of itself. */
function assertSays(message: string | undefined, reason: Reason, more: RegExp): void {
  assert.match(message ?? '', more)
  const wayOut = WAYS_OUT[reason]
  if (wayOut !== undefined) assert.ok(message?.includes(wayOut), `${message} tells no way out of ${reason}`)
}

/** The run has failed by its only step's failure; its status, conditions and events say why. */
async function failsBy(name: string, reason: Reason, says: RegExp): Promise<RunStatus> {
  const status = await cluster.ends(name)
  const { failures = [], conditions = [] } = status
  assert.deepEqual([status.phase, status.reason, failures[0]?.reason], ['Failed', 'StepFailed', reason])
  assertSays(failures[0]?.message, reason, says)
  const told = Object.fromEntries(conditions.map((condition) => [condition.type, condition]))
  assert.deepEqual([told['Succeeded']?.status, told['Stalled']?.status], ['False', 'True'])
  assert.match(told['Succeeded']?.message ?? '', new RegExp(reason))
  assertSays(await cluster.tells(name, reason), reason, says)
  return status
}

/** The run waits for its step, which does not get going; its status, conditions and events say why. */
async function heldBy(name: string, reason: Reason, says: RegExp, namespace = 'default'): Promise<void> {
  const status = await cluster.runIs(name, `says ${reason}`, (seen) => seen.reason === reason, { namespace })
  assert.equal(status.phase, 'Running')
  assertSays(status.message, reason, says)
  const told = Object.fromEntries((status.conditions ?? []).map((condition) => [condition.type, condition]))
  assert.deepEqual([told['Reconciling']?.status, told['Reconciling']?.reason], ['True', reason])
  assertSays(await cluster.tells(name, reason, namespace), reason, says)
}

/** The step's only pod was lost and there is another: a new try, and no new attempt. */
async function isTriedAgain(name: string, reason: Reason): Promise<void> {
  const { phase, steps } = await cluster.runIs(
    name,
    'is at its second try',
    (status) => status.steps?.[0]?.try === 2 && status.steps[0].state === 'Running',
  )
  assert.deepEqual([phase, steps?.[0]?.attempt, steps?.[0]?.disruptions], ['Running', 1, 1])
  assertSays(await cluster.tells(name, reason), reason, /./)
}

describe('a step', SIDE_BY_SIDE, () => {
  describe('has failed when its', () => {
    it('engine does not notice that its time is over', async () => {
      await cluster.apply(run('overtime', [stuck('overtime', { timeout: '1s' })]))
      await failsBy('overtime', 'TimedOut', /did not end within its timeout of 1/)
    })

    it("pod's own deadline is over, whatever runs in it", async () => {
      await cluster.apply(run('deadline', [stuck('deadline', { timeout: '30m' })]))
      const pod = await cluster.begun('deadline', { says: 'stuck' })
      assert.equal(pod.spec.activeDeadlineSeconds, 30 * 60 + 60)
      await cluster.plane.api.patch(podPath(pod), { spec: { activeDeadlineSeconds: 1 } })
      await failsBy('deadline', 'TimedOut', /longer than the specified deadline/)
    })

    it('container is killed for its memory', async () => {
      await cluster.apply(run('hungry', [slow('hungry')]))
      cluster.node.oomKill(named(await cluster.begun('hungry')))
      await failsBy('hungry', 'OutOfMemory', /used more memory than its limit/)
    })

    it('container is killed by somebody', async () => {
      await cluster.apply(run('killed', [slow('killed')]))
      cluster.node.kill(named(await cluster.begun('killed')))
      await failsBy('killed', 'OutcomeMissing', /exit code 137/)
    })

    it('container tells an outcome that is none', async () => {
      await cluster.applyStorage('garbled', { image: 'loom:garbled' })
      await cluster.apply(run('garbled', [quick('garbled')], { storageRef: { name: 'garbled' } }))
      await failsBy('garbled', 'OutcomeMalformed', /all is well/)
    })

    it('container can not be started', async () => {
      await cluster.applyStorage('no-program', { image: 'loom:empty' })
      await cluster.apply(run('no-program', [quick('never')], { storageRef: { name: 'no-program' } }))
      await failsBy('no-program', 'CreateContainerError', /StartError/)
    })

    for (const [name, signal, reason, says] of [
      ['engine-killed', 'SIGKILL', 'OutOfMemory', /engine's process was killed.*raise the step's memory limit/],
      ['engine-crashed', 'SIGSEGV', 'TransientFault', /engine's process ended with signal SIGSEGV/],
    ] as const)
      it(`engine is ended by ${signal}, and its pod lives to tell`, async () => {
        await cluster.apply(run(name, [slow('engine')]))
        await cluster.begun(name)
        const uid = await uidOf(name)
        process.kill(await until('the engine has its process', () => enginePid(uid)), signal)
        await failsBy(name, reason, says)
        const { status } = await cluster.pod(name, (pod) => pod.status?.phase === 'Failed')
        assert.equal(status?.containerStatuses?.[0]?.state.terminated?.reason, 'Error')
      })

    it('outcome was lost after its commit; the next attempt finds the commit and makes no other', async () => {
      await cluster.applyStorage('mute', { image: 'loom:mute' })
      const retry = { limit: 1, backoff: { initial: '1s' } }
      await cluster.apply(run('mute', [quick('mute')], { storageRef: { name: 'mute' }, retry }))
      const first = await cluster.begun('mute')
      const tables = join(cluster.lake, 'tables')
      await until('the step has committed', async () => (await rowsOfTables(tables))['out/mute']?.length === 1)
      cluster.node.kill(named(first))
      await cluster.tells('mute', 'OutcomeMissing')
      const { phase, attempt } = await cluster.ends('mute')
      assert.deepEqual([phase, attempt], ['Succeeded', 2])
      const second = await cluster.pod('mute', ({ status }) => status?.phase === 'Succeeded')
      const { outcome } = JSON.parse(second.status?.containerStatuses?.[0]?.state.terminated?.message ?? '')
      assert.equal(outcome.write.alreadyCommitted, true)
      const uid = await uidOf('mute')
      const commits = Object.entries(commitsByWriter(join(tables, 'out/mute')))
      assert.deepEqual(
        commits.map(([writer, count]) => [writer.includes(uid), count]),
        [[true, 1]],
      )
    })
  })

  describe('is tried again, which counts as no attempt, when its', () => {
    for (const [name, reason, disturb] of [
      ['evicted', 'Evicted', async (pod: Pod) => cluster.node.evict(named(pod))],
      ['pod-deleted', 'PodDeleted', async (pod: Pod) => await cluster.plane.api.delete(podPath(pod))],
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
      it(`pod is lost: ${reason}`, async () => {
        await cluster.apply(run(name, [slow('lost')]))
        const first = await cluster.begun(name)
        await disturb(first)
        await cluster.begun(name, { not: first.metadata.uid })
        await isTriedAgain(name, reason)
        await cluster.cancel(name)
      })

    it('node is lost: NodeLost', async () => {
      const labels = { machine: 'doomed' }
      await using node = await startProcessNode(cluster.plane, { name: 'doomed', images: IMAGES, labels })
      await cluster.applyStorage('doomed', { nodeSelector: labels })
      await cluster.apply(run('node-lost', [slow('lost')], { storageRef: { name: 'doomed' } }))
      await cluster.pod('node-lost', ({ status }) => status?.phase === 'Running')
      await node.lose({ dead: true })
      await isTriedAgain('node-lost', 'NodeLost')
      await heldBy('node-lost', 'Unschedulable', /nodes are available/)
      await cluster.cancel('node-lost')
    })
  })

  describe('that does not get going says why:', () => {
    const key = { name: 'login', secret: { secretName: 'login', items: [{ key: 'absent', path: 'password' }] } }
    for (const [name, reason, says, pods] of [
      ['no-image', 'ImagePullFailed', /loom:absent/, { image: 'loom:absent' }],
      ['no-node', 'Unschedulable', /nodes are available/, { nodeSelector: { disk: 'none' } }],
      ['no-secret', 'CreateContainerError', /"nobody" not found/, { secret: { secretName: 'nobody' } }],
      ['no-key', 'CreateContainerError', /non-existent secret key: absent/, { secret: key.secret }],
    ] as const)
      it(`${reason} (${name})`, async () => {
        const login = { metadata: { name: 'login' }, stringData: { user: 'loom' } }
        if (name === 'no-key') await cluster.plane.api.create('/api/v1/namespaces/default/secrets', login)
        if ('secret' in pods)
          await cluster.applyStorage(name, withVolume(cluster.lake, { name: 'login', secret: pods.secret }))
        else await cluster.applyStorage(name, pods)
        await cluster.apply(run(name, [quick('waits')], { storageRef: { name } }))
        await heldBy(name, reason, says)
        await cluster.cancel(name)
      })

    it('QuotaExceeded', async () => {
      await cluster.makeNamespace('full')
      await cluster.plane.api.create('/api/v1/namespaces/full/resourcequotas', {
        metadata: { name: 'none' },
        spec: { hard: { pods: '0' } },
      })
      await cluster.apply({ ...run('full', [quick('full')]), metadata: { name: 'full', namespace: 'full' } })
      await heldBy('full', 'QuotaExceeded', /exceeded quota: none/, 'full')
    })

    it('AdmissionDenied', async () => {
      await cluster.makeNamespace('strict', { 'pod-security.kubernetes.io/enforce': 'restricted' })
      await cluster.apply({ ...run('strict', [quick('strict')]), metadata: { name: 'strict', namespace: 'strict' } })
      await heldBy('strict', 'AdmissionDenied', /violates PodSecurity.*hostPath/, 'strict')
    })
  })
})

describe('a plan that is deleted by hand', () => {
  const planPath = async (name: string) =>
    `/api/v1/namespaces/default/configmaps/${(await cluster.run(name))?.status?.planConfigMap}`

  it('is made again for the next step', async () => {
    await cluster.apply(run('remade', [slow('first'), quick('second')]))
    const first = await cluster.begun('remade')
    const path = await planPath('remade')
    const { metadata } = await cluster.plane.api.get(path)
    await cluster.plane.api.delete(path)
    await cluster.plane.api.delete(podPath(first))
    await cluster.begun('remade', { not: first.metadata.uid })
    assert.notEqual((await cluster.plane.api.get(path)).metadata.uid, metadata.uid)
    await cluster.cancel('remade')
  })

  it('while no operator knows it is made again from an unchanged pipeline, and is lost with a changed one; one that is there is kept', async () => {
    const names = ['kept', 'changed', 'stored']
    for (const name of names) {
      await cluster.apply({ kind: 'ETLPipeline', metadata: { name }, spec: inline([slow('first'), quick('second')]) })
      await cluster.apply({ kind: 'ETLRun', metadata: { name }, spec: { pipelineRef: { name } } })
    }
    for (const name of names) await cluster.begun(name)
    assert.equal(await operator.stop(), 0)
    for (const name of ['kept', 'changed']) await cluster.plane.api.delete(await planPath(name))
    const another = inline([slow('first'), quick('another')])
    for (const name of ['changed', 'stored']) await cluster.patchPipeline(name, another)
    operator = cluster.startOperator()

    const status = await cluster.ends('changed')
    assert.deepEqual([status.phase, status.reason, status.stepStates], ['Failed', 'PlanLost', 'CK'])
    assertSays(status.message, 'PlanLost', /pipeline or storage has changed since the run started; start a new run/)
    await cluster.tells('changed', 'PlanLost')
    await until('the plan is there again', async () => await cluster.plane.api.find(await planPath('kept')))
    for (const name of ['kept', 'stored']) {
      assert.equal((await cluster.run(name))?.status?.phase, 'Running')
      await cluster.cancel(name)
    }
  })
})
