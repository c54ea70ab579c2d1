// The test bed's control plane: real, quick, several at once, and gone without a trace.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ApiError, type ControlPlane, startControlPlane, until } from './bed/index.ts'
import { JOBS, job, kubectlIsThere, PODS, pod, shell } from './bed/shapes.ts'

const NAMESPACES = '/api/v1/namespaces'

describe('a control plane', () => {
  let plane: ControlPlane

  before(async () => {
    plane = await startControlPlane({ users: [{ name: 'reader' }] })
  })

  after(() => plane.stop())

  it('makes pods for a Job, and a scheduler says why none of them runs', async () => {
    await plane.api.create(JOBS, job('lonely', shell('true')))
    const path = `${PODS}?labelSelector=batch.kubernetes.io/job-name%3Dlonely`
    const condition = await until('the pod is found unschedulable', async () => {
      const [found] = await plane.api.list<{ status: { conditions?: { type: string; reason: string }[] } }>(path)
      return found?.status.conditions?.find(({ type }) => type === 'PodScheduled')
    })
    assert.equal(condition.reason, 'Unschedulable')
  })

  it('gives a user only what RBAC says', async () => {
    const reader = plane.user('reader')
    const list = () => reader.api.list('/api/v1/namespaces/default/configmaps')
    await assert.rejects(list, (error) => error instanceof ApiError && error.status === 403)
    await plane.api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'readers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
    })
    await until('the binding is known', async () => (await list()).length > 0)
    await assert.rejects(() => reader.api.list('/api/v1/namespaces/default/secrets'), /403/)
  })

  it('gives credentials of a service account', async () => {
    const account = await plane.serviceAccount('default', 'default')
    await assert.rejects(
      () => account.api.list(PODS),
      /User "system:serviceaccount:default:default" cannot list resource "pods"/,
    )
  })

  it('refuses pods that break the pod security level of their namespace', async () => {
    await plane.api.create(NAMESPACES, {
      metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })
    const create = () => plane.api.create(`${NAMESPACES}/strict/pods`, pod('plain', shell('true')))
    await until('the service account is there', () => plane.api.find(`${NAMESPACES}/strict/serviceaccounts/default`))
    await assert.rejects(create, /violates PodSecurity "restricted:latest"/)
  })

  it('writes down who asked for what', async () => {
    await plane.api.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'noted' } })
    await plane.api.delete('/api/v1/namespaces/default/configmaps/noted')
    const entries = plane.auditLog().filter(({ name, resource }) => resource === 'configmaps' && name === 'noted')
    assert.deepEqual(
      entries.map(({ user, verb, code }) => ({ user, verb, code })),
      [
        { user: 'admin', verb: 'create', code: 201 },
        { user: 'admin', verb: 'delete', code: 200 },
      ],
    )
  })

  it('has a kubeconfig that kubectl can use', { skip: kubectlIsThere() ? false : 'there is no kubectl here' }, () => {
    const args = ['--kubeconfig', plane.kubeconfig, 'get', 'serviceaccount', 'default', '-o', 'name']
    assert.equal(execFileSync('kubectl', args, { encoding: 'utf8' }).trim(), 'serviceaccount/default')
  })

  it('keeps everything when its API server is killed and started again', async () => {
    await plane.api.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'kept' }, data: { a: '1' } })
    const account = await plane.serviceAccount('default', 'default')
    await plane.killApiServer()
    await assert.rejects(() => plane.api.get('/readyz'))
    await plane.startApiServer()
    const kept = await plane.api.get<{ data: unknown }>('/api/v1/namespaces/default/configmaps/kept')
    assert.deepEqual(kept.data, { a: '1' })
    await assert.rejects(() => account.api.list(PODS), /403/)
  })
})

describe('control planes side by side', () => {
  it('know nothing of each other, and leave nothing behind', async () => {
    const [one, other] = await Promise.all([startControlPlane(), startControlPlane()])
    await one.api.create(NAMESPACES, { metadata: { name: 'mine' } })
    assert.equal(await other.api.find(`${NAMESPACES}/mine`), undefined)
    const pids = [...one.pids(), ...other.pids()]
    assert.equal(pids.filter(isAlive).length, 10)
    await Promise.all([one.stop(), other.stop()])
    assert.deepEqual(pids.filter(isAlive), [])
    assert.deepEqual([one.folder, other.folder].filter(existsSync), [])
  })
})

describe('a test process that is killed', () => {
  it('takes its control plane, its pods and its folders with it', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'bed/left-behind.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await child.stdout.setEncoding('utf8').take(1).toArray()
    const left = JSON.parse(String(line)) as { folder: string; pids: number[]; podPid: number }
    const pids = [...left.pids, left.podPid]
    assert.deepEqual(pids.filter(isAlive), pids)
    child.kill('SIGKILL')
    await until('every process is gone', () => pids.filter(isAlive).length === 0, { seen: () => pids.filter(isAlive) })
    await until('the folder is gone', () => !existsSync(left.folder))
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
