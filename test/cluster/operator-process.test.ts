// The operator as a process of the cluster: with no more rights than it needs, two at a time, stopped, cut off, asked how it is.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { METRICS } from '../../src/observability/index.ts'
import { LEASE_RULES, OPERATOR_RULES } from '../../src/operator/index.ts'
import { until } from './bed/index.ts'
import { Cluster } from './support/cluster.ts'
import type { OperatorProcess } from './support/operator-process.ts'
import { quick, run, slow } from './support/pipelines.ts'
import { grantOperatorRights, OPERATOR_USER } from './support/rights.ts'

const RULES = [...OPERATOR_RULES, ...LEASE_RULES]

let cluster: Cluster
let first: OperatorProcess
let second: OperatorProcess

before(async () => {
  cluster = await Cluster.start({ users: [{ name: OPERATOR_USER }] })
  await grantOperatorRights(cluster.plane.api)
  await cluster.apply(cluster.storage())
  first = start()
  await first.leads()
  second = start()
})

after(() => cluster?.[Symbol.asyncDispose]())

const start = () => cluster.startOperator({ kubeconfig: cluster.plane.user(OPERATOR_USER).kubeconfig })

it('tells that it lives and is ready, and all its metrics', async () => {
  for (const path of ['/healthz', '/readyz']) {
    await until(`${path} answers with 200`, async () => (await second.ask(path)).status === 200)
    assert.deepEqual(await first.ask(path), { status: 200, text: 'ok\n' })
  }
  const { text } = await first.ask('/metrics')
  for (const name of Object.keys(METRICS)) assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'))
  assert.match(text, /^loom_leader 1$/m)
  assert.match((await second.ask('/metrics')).text, /^loom_leader 0$/m)
})

it('hands over to the next one when it is told to stop', async () => {
  await cluster.apply(run('handed-over', [slow('long'), quick('never')]))
  await cluster.begun('handed-over')
  assert.equal(second.isLeading(), false)
  assert.equal(await first.stop('SIGTERM'), 0)
  await second.leads()
  await cluster.patchRun('handed-over', { cancel: true })
  assert.equal((await cluster.ends('handed-over')).phase, 'Cancelled')
  assert.equal((await cluster.jobs('handed-over')).length, 0)
})

it('has the rights that it uses, and no others', async () => {
  const retry = { limit: 1, backoff: { initial: '1s' } }
  const temp = { ...quick('temp'), target: { temp: { name: 'temp' } } }
  await cluster.apply(run('all', [temp, quick('done')], { retry, ttlAfterFinished: '1s' }))
  await until('the run is gone', async () => (await cluster.run('all')) === undefined)
  // Why a Job has no pod is told by its events only.
  await cluster.plane.api.create('/api/v1/namespaces/default/resourcequotas', {
    metadata: { name: 'full' },
    spec: { hard: { pods: '0' } },
  })
  await cluster.apply(run('waits', [quick('waits')]))
  await cluster.runIs('waits', 'is told why', ({ reason }) => reason === 'QuotaExceeded')
  await cluster.plane.api.delete('/api/v1/namespaces/default/resourcequotas/full')
  await cluster.patchRun('waits', { cancel: true })
  await cluster.ends('waits')
  assert.equal(await second.stop('SIGTERM'), 0)

  const asked = cluster.plane.auditLog().filter(({ user }) => user === OPERATOR_USER)
  const refused = asked.filter(({ code }) => code === 403).map(({ verb, path }) => `${verb} ${path}`)
  assert.deepEqual(refused, [])
  const used = asked.map(({ verb, group, resource, subresource }) =>
    [verb, group, subresource === '' ? resource : `${resource}/${subresource}`].join(' '),
  )
  const granted = RULES.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => [verb, group, resource].join(' '))),
    ),
  )
  assert.deepEqual([...new Set(used)].sort(), [...granted].sort())
})

// Last: an API server that has just begun refuses everybody for a moment, since it knows no roles yet.
it('goes on after the API server was gone', async () => {
  const third = start()
  await third.leads()
  await cluster.apply(run('cut', [quick('one'), slow('two', { timeout: '4s' })]))
  await cluster.runIs('cut', 'has begun', ({ progress }) => progress === '1/2')
  await cluster.plane.restartApiServer()
  const { phase, failures } = await cluster.ends('cut')
  assert.deepEqual([phase, failures?.[0]?.reason], ['Failed', 'TimedOut'])
})
