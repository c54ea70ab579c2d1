// From the chart's previous version to this one, and back, on a real API server: as `fixtures/` has it packaged.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { parse } from 'yaml'
import { renderCrds } from '../../src/manifest/index.ts'
import type { Kube } from '../cluster/bed/index.ts'
import { Cluster } from '../cluster/support/cluster.ts'
import { commitsByWriter } from '../cluster/support/lake.ts'
import { quick, run, takes } from '../cluster/support/pipelines.ts'
import { CHART, NAMESPACE, RELEASE, Release } from './bed/release.ts'

const PREVIOUS = join(import.meta.dirname, 'fixtures/loom-operator-0.1.0-previous.tgz')
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${RELEASE}`
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** Pods of a process node share the host's ports, so each operator takes a free one. */
const VALUES = ['image.repository=loom', 'image.tag=dev', 'extraArgs={--port=0}']

interface Deployment {
  metadata: { uid: string; labels: Record<string, string> }
  spec: { selector: object; template: { spec: { containers: { args: string[] }[] } } }
}

let cluster: Cluster
let release: Release

before(async () => {
  cluster = await Cluster.start({}, { crds: false })
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await cluster.plane.api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } })
  release = new Release(cluster.plane.kubeconfig, VALUES)
})

after(() => cluster?.[Symbol.asyncDispose]())

const deployment = async () => await cluster.plane.api.get<Deployment>(DEPLOYMENT)
const argsNow = async () => (await deployment()).spec.template.spec.containers[0]?.args ?? []
const chartOf = ({ labels }: { labels?: Record<string, string> }) => labels?.['helm.sh/chart']
const WAIT = ['--wait', '--timeout', '3m']

async function assertDefinitionsAre(chart: string): Promise<void> {
  const found = await cluster.plane.api.list(CRDS)
  for (const { yaml } of renderCrds()) {
    const { metadata } = parse(yaml)
    const there = found.find(({ metadata: { name } }) => name === metadata.name)
    assert.equal(chartOf(there?.metadata ?? {}), chart, metadata.name)
  }
}

/** Every field of ours is in what the API server has; it adds fields of its own. */
async function assertDefinitionsAreOurs(): Promise<void> {
  const found = await cluster.plane.api.list<Kube & { spec: { versions: { schema: unknown }[] } }>(CRDS)
  for (const { yaml } of renderCrds()) {
    const { metadata, spec } = parse(yaml)
    const there = found.find(({ metadata: { name } }) => name === metadata.name)
    assert.deepEqual(there?.spec.versions[0]?.schema, spec.versions[0].schema, metadata.name)
  }
}

it('starts with the previous version', async () => {
  await release.helm('install', RELEASE, PREVIOUS, ...WAIT, ...sets([...VALUES, 'workers=3', 'commonLabels.team=data']))
  await assertDefinitionsAre('loom-operator-0.1.0')
  await cluster.apply(cluster.storage())
  await cluster.apply(run('before', [quick('before')]))
  assert.equal((await cluster.ends('before')).phase, 'Succeeded')
})

it('is upgraded under a run, and keeps its values and its Deployment', async () => {
  const old = await deployment()
  await cluster.apply(run('across', [takes('slow', 6), quick('after')]))
  await cluster.runIs('across', 'has begun', ({ phase }) => phase === 'Running')
  await release.helm('upgrade', RELEASE, CHART, '--reset-then-reuse-values', ...WAIT)
  const now = await deployment()
  assert.equal(chartOf(now.metadata), 'loom-operator-0.2.0')
  assert.deepEqual([now.metadata.uid, now.spec.selector], [old.metadata.uid, old.spec.selector])
  assert.ok((await argsNow()).includes('--workers=3'))
  assert.equal(now.metadata.labels['team'], 'data')
  await assertDefinitionsAre('loom-operator-0.2.0')
  await assertDefinitionsAreOurs()
  const { phase, attempt } = await cluster.ends('across')
  assert.deepEqual([phase, attempt], ['Succeeded', 1])
  for (const [writer, commits] of Object.entries(commitsByWriter(cluster.lake))) assert.equal(commits, 1, writer)
})

it('is rolled back under a run, and upgraded again', async () => {
  await cluster.apply(run('back', [takes('slow_back', 6), quick('after_back')]))
  await cluster.runIs('back', 'has begun', ({ phase }) => phase === 'Running')
  await release.helm('rollback', RELEASE, '1', ...WAIT)
  assert.equal(chartOf((await deployment()).metadata), 'loom-operator-0.1.0')
  await assertDefinitionsAre('loom-operator-0.1.0')
  const { phase, attempt } = await cluster.ends('back')
  assert.deepEqual([phase, attempt], ['Succeeded', 1])
  await release.helm('upgrade', RELEASE, CHART, '--reset-then-reuse-values', ...WAIT)
  assert.ok((await argsNow()).includes('--workers=3'))
  await cluster.apply(run('again', [quick('again')]))
  assert.equal((await cluster.ends('again')).phase, 'Succeeded')
  assert.equal((await cluster.run('before'))?.status?.phase, 'Succeeded')
  for (const [writer, commits] of Object.entries(commitsByWriter(cluster.lake))) assert.equal(commits, 1, writer)
})

function sets(values: readonly string[]): string[] {
  return values.flatMap((value) => ['--set', value])
}
