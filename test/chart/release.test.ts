// A release's life on a real API server: installed by Helm with the rights that the chart grants and no others, upgraded while a run
// goes on, removed, and found again. The operator's pod runs as a process (process nodes), with its service account's token.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type Kube, until } from '../cluster/bed/index.ts'
import { Cluster, type Run } from '../cluster/support/cluster.ts'
import { commitsByWriter } from '../cluster/support/lake.ts'
import { quick, run, takes } from '../cluster/support/pipelines.ts'
import { NAMESPACE, RELEASE, Release } from './bed/release.ts'

const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${RELEASE}`
const OPERATOR = `system:serviceaccount:${NAMESPACE}:${RELEASE}`
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** Pods of a process node share the host's ports, so each operator takes a free one. */
const VALUES = ['image.repository=loom', 'image.tag=dev', 'extraArgs={--port=0}']

let cluster: Cluster
let release: Release

before(async () => {
  cluster = await Cluster.start({}, { crds: false })
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await cluster.plane.api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } })
  release = new Release(cluster.plane.kubeconfig, VALUES)
})

after(() => cluster?.[Symbol.asyncDispose]())

it('is installed into a namespace that takes restricted pods only, and its operator runs pipelines', async () => {
  assert.match(await release.install(), /watches all namespaces/)
  await cluster.apply(cluster.storage())
  await cluster.apply(run('first', [quick('one'), quick('two')]))
  assert.equal((await cluster.ends('first')).phase, 'Succeeded')
})

it('is upgraded while a run goes on, which ends as if nothing had been', async () => {
  await cluster.apply(run('upgraded', [takes('slow', 5), takes('after', 1)]))
  await cluster.runIs('upgraded', 'has begun', ({ phase }) => phase === 'Running')
  await release.upgrade(['workers=4', 'commonLabels.stage=test'])
  const { spec } = await cluster.plane.api.get<{ spec: { template: { spec: { containers: { args: string[] }[] } } } }>(
    DEPLOYMENT,
  )
  assert.ok(spec.template.spec.containers[0]?.args.includes('--workers=4'))
  const { phase, attempt } = await cluster.ends('upgraded')
  assert.deepEqual([phase, attempt], ['Succeeded', 1])
  for (const [writer, commits] of Object.entries(commitsByWriter(cluster.lake))) assert.equal(commits, 1, writer)
  const [crd] = await cluster.plane.api.list(CRDS)
  assert.equal(crd?.metadata.labels?.['stage'], 'test', 'helm upgrade leaves the CRDs as they were')
})

it('leaves the definitions, and so all runs, where an upgrade no longer installs them', async () => {
  await release.upgrade(['crds.install=false'])
  assert.equal((await cluster.run('upgraded'))?.status?.phase, 'Succeeded')
  await release.upgrade()
  assert.equal((await cluster.run('upgraded'))?.status?.phase, 'Succeeded')
})

it('was never refused anything', () => {
  const asked = cluster.plane.auditLog().filter(({ user }) => user === OPERATOR)
  assert.ok(asked.length > 20)
  assert.deepEqual(
    asked.filter(({ code }) => code === 403).map(({ verb, path }) => `${verb} ${path}`),
    [],
  )
})

it('leaves definitions, runs and tables when it is removed, and is found again by the next one', async () => {
  const said = await release.uninstall()
  assert.match(said, /kept due to the resource policy/)
  await until('the operator is gone', async () => (await cluster.plane.api.find(DEPLOYMENT)) === undefined)
  const crds = await cluster.plane.api.list(CRDS)
  assert.ok(crds.some(({ metadata }) => metadata.name === 'etlruns.loom.etl'))
  assert.equal((await cluster.run('first'))?.status?.phase, 'Succeeded')
  assert.ok(Object.keys(commitsByWriter(cluster.lake)).length > 0)
  await release.install()
  await cluster.apply(run('again', [quick('again')]))
  assert.equal((await cluster.ends('again')).phase, 'Succeeded')
  assert.equal((await cluster.run('first'))?.status?.phase, 'Succeeded')
})

it('works in the namespaces that it is given, with rights in no other', async () => {
  for (const name of ['a', 'b', 'c']) {
    await cluster.plane.api.create('/api/v1/namespaces', { metadata: { name } })
    const { metadata, ...storage } = cluster.storage()
    await cluster.apply({ ...storage, metadata: { ...metadata, namespace: name } })
  }
  await release.upgrade(['watchNamespaces={a,b}'])
  const roles = await cluster.plane.api.list('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings')
  assert.ok(!roles.some(({ metadata }: Kube) => metadata.name === RELEASE), 'the old rights are still there')
  for (const namespace of ['a', 'b', 'c']) {
    const { metadata, ...rest } = run(`in-${namespace}`, [quick(`in_${namespace}`)])
    await cluster.apply({ ...rest, metadata: { ...metadata, namespace } })
  }
  for (const namespace of ['a', 'b']) {
    const ended = ({ finishedAt }: NonNullable<Run['status']>) => finishedAt !== undefined
    assert.equal((await cluster.runIs(`in-${namespace}`, 'ends', ended, { namespace })).phase, 'Succeeded')
  }
  assert.equal((await cluster.run('in-c', 'c'))?.status?.phase, undefined)
})
