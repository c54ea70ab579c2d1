// The whole product on a real node: the image from the Dockerfile, the chart by Helm, the examples by kubectl, containers whose limits
// the kernel enforces. One cluster for all; the tests build on each other, in their order.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Release } from '../chart/bed/release.ts'
import { type Pod, until } from '../cluster/bed/index.ts'
import type { Manifest } from '../cluster/support/cluster.ts'
import { commitsByWriter, rowsOfTables } from '../cluster/support/lake.ts'
import { quick, run, takes } from '../cluster/support/pipelines.ts'
import { IMAGE } from './bed/images.ts'
import { RealNode } from './bed/real-node.ts'
import { remoteTests } from './remote.ts'
import { Etl } from './support/etl.ts'
import { exampleFile, loom, tablesOfLocalRuns } from './support/local-run.ts'
import { NATS_VALUES, releaseOn } from './support/product.ts'

const DEPLOYMENT = '/apis/apps/v1/namespaces/loom-system/deployments/loom-operator'
/** Every run that nothing happens to, once it has started. */
const SMOOTH = ['Running', 'Succeeded']

let node: RealNode
let etl: Etl
let release: Release

before(async () => {
  node = await RealNode.start()
  etl = await Etl.make(node)
  release = await releaseOn(node)
  assert.match(await release.install(), /watches all namespaces/)
  etl.watch()
})

after(async () => {
  etl?.stop()
  await node?.[Symbol.asyncDispose]()
})

const tablesOf = async (name: string) => await rowsOfTables(join(etl.lake, 'tables', name))

/** A storage like the flights example's, with tables and files of its own. */
async function useStorage(name: string, pods: Record<string, unknown> = {}): Promise<void> {
  const { spec } = await etl.api.get<Manifest>('/apis/loom.etl/v1alpha1/namespaces/etl/etlstorages/default')
  const defaults = {
    tablePath: { uri: `/lake/tables/${name}` },
    filePath: { uri: `/app/examples/${name}` },
  }
  const settings = { ...(spec['pods'] as object), ...pods }
  await etl.apply({ kind: 'ETLStorage', metadata: { name }, spec: { ...spec, defaults, pods: settings } })
}

test('helm test finds the operator well', async () => {
  assert.match(await release.test(), /Phase:\s+Succeeded/)
})

test('the flights example is applied with kubectl and gives the same tables as a local run', async () => {
  await etl.kubectl('apply', '-k', 'examples/flights')
  const { status, phases } = await etl.ends('flights-2013-01')
  assert.equal(status.phase, 'Succeeded', JSON.stringify(status))
  assert.deepEqual(phases, SMOOTH)
  const local = ['flights-2013-01', '-f', exampleFile('flights')]
  const tables = await rowsOfTables(join(etl.lake, 'tables'))
  assert.equal(Object.keys(tables).length, 11)
  assert.deepEqual(tables, await tablesOfLocalRuns(local))
  await etl.kubectl('wait', '--for=condition=Succeeded', 'etlrun/flights-2013-01', '--timeout=5s')
  assert.match(await etl.kubectl('logs', '--selector=loom.etl/step=raw_planes'), /raw_planes/)
})

test('every other example gives the same tables as a local run', async () => {
  const examples = {
    'one-step': [[]],
    parallel: [[]],
    temps: [['cutoff=2026-01-02']],
    upsert: [['day=2026-01-01'], ['day=2026-01-02']],
  }
  await Promise.all(
    Object.entries(examples).map(async ([name, runs]) => {
      const file = exampleFile(`${name}/pipeline.yaml`)
      await useStorage(name)
      const applied = await etl.kubectl('apply', '-f', file, '-o', 'name')
      const pipeline = applied.trim().replace(/^.*\//, '')
      for (const [index, params] of runs.entries())
        await runExample(`${name}-${index}`, { storage: name, pipeline, params })
      const local = runs.map((params) => ['-f', file, ...params.flatMap((param) => ['--param', param])])
      assert.deepEqual(await tablesOf(name), await tablesOfLocalRuns(...local), name)
    }),
  )
})

async function runExample(name: string, of: { storage: string; pipeline: string; params: string[] }): Promise<void> {
  const params = Object.fromEntries(of.params.map((param) => param.split('=')))
  const spec = { pipelineRef: { name: of.pipeline }, storageRef: { name: of.storage }, params }
  await etl.apply({ kind: 'ETLRun', metadata: { name }, spec })
  const { status, phases } = await etl.ends(name)
  assert.deepEqual(phases, SMOOTH, `${name}: ${JSON.stringify(status)}`)
}

test('a pipeline in TypeScript, compiled, gives the same tables as a local run', async () => {
  const file = exampleFile('builder/pipeline.ts')
  const manifest = join(node.folder, 'builder.yaml')
  writeFileSync(manifest, await loom(['compile', file]))
  await useStorage('builder')
  await etl.kubectl('apply', '-f', manifest)
  await runExample('builder', { storage: 'builder', pipeline: 'orders', params: [] })
  assert.deepEqual(await tablesOf('builder'), await tablesOfLocalRuns(['-f', file]))
})

test('a step that needs more memory than its limit is OutOfMemory, and is tried as often as the run allows', async () => {
  const eats = {
    code: {
      inline: `export default async function* () {
  const held = []
  for (;;) held.push(Buffer.alloc(16 * 1024 ** 2, 1))
}`,
    },
  }
  const resources = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '256Mi' } }
  await useStorage('memory', { resources })
  const retry = { limit: 1, backoff: { initial: '1s' } }
  await etl.apply(run('memory', [takes('eats', 0, eats)], { retry, storageRef: { name: 'memory' } }))
  const { status, phases } = await etl.ends('memory')
  assert.deepEqual(phases, ['Running', 'Failed'])
  assert.deepEqual([status.attempt, status.failures?.[0]?.reason], [2, 'OutOfMemory'], JSON.stringify(status))
  const ends = (await etl.pods('memory')).map(
    ({ status: pod }) => pod?.containerStatuses?.[0]?.state?.terminated?.reason,
  )
  assert.deepEqual(ends, ['OOMKilled', 'OOMKilled'])
})

test('a step that takes longer than it may is TimedOut', async () => {
  await etl.apply(run('deadline', [takes('long', 600, { timeout: '3s' })]))
  const { status, phases } = await etl.ends('deadline')
  assert.deepEqual(phases, ['Running', 'Failed'])
  assert.equal(status.failures?.[0]?.reason, 'TimedOut')
})

test('a container that is told to stop before its program listens ends at once', async () => {
  const never = 'data:text/javascript,await%20new%20Promise((end)=>setTimeout(end,600000))'
  const spec = {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 60,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'operator',
        image: IMAGE,
        args: ['operator'],
        env: [{ name: 'NODE_OPTIONS', value: `--import=${never}` }],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  }
  await etl.api.create('/api/v1/namespaces/etl/pods', { metadata: { name: 'early' }, spec })
  const state = async () =>
    (await etl.api.get<Pod>('/api/v1/namespaces/etl/pods/early')).status?.containerStatuses?.[0]?.state
  await until('the container runs', async () => (await state())?.running, { seconds: 120 })
  // The kubelet says SIGTERM, as for every other end, and the pod stays to be looked at.
  await etl.api.patch('/api/v1/namespaces/etl/pods/early', { spec: { activeDeadlineSeconds: 1 } })
  const terminated = await until('it has ended', async () => (await state())?.terminated, { seconds: 120 })
  // 137 is what it would be after the whole of the grace.
  assert.equal(terminated.exitCode, 143)
})

test('a step whose pod is evicted is tried again, and that is no attempt of the run', async () => {
  await useStorage('evicted')
  await etl.apply(run('evicted', [takes('first', 4)], { storageRef: { name: 'evicted' } }))
  const { metadata } = await etl.runningPod('evicted')
  await etl.api.create(`/api/v1/namespaces/etl/pods/${metadata.name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: metadata.name },
  })
  const { status, phases } = await etl.ends('evicted')
  assert.deepEqual(phases, SMOOTH, JSON.stringify(status))
  assert.deepEqual([status.attempt, status.steps?.[0]?.try], [1, 2], JSON.stringify(status))
  assert.deepEqual(Object.values(commitsByWriter(join(etl.lake, 'tables/evicted'))), [1])
})

test('a run goes on when kubelet and containerd are stopped and started under it', async () => {
  await useStorage('restart')
  await etl.apply(run('restart', [takes('first', 8), takes('second', 0)], { storageRef: { name: 'restart' } }))
  await etl.runningPod('restart')
  await node.stopKubeletAndContainerd()
  await node.startKubeletAndContainerd()
  const { status, phases } = await etl.ends('restart')
  assert.deepEqual(phases, SMOOTH, JSON.stringify(status))
  assert.deepEqual(Object.values(commitsByWriter(join(etl.lake, 'tables/restart'))), [1, 1])
})

test('a run goes on while helm upgrades the operator, which now has a NATS server', async () => {
  await useStorage('upgrade')
  await etl.apply(run('upgrade', [takes('first', 6), takes('second', 6)], { storageRef: { name: 'upgrade' } }))
  await etl.runningPod('upgrade')
  await release.upgrade(['logLevel=debug', 'workers=4', ...NATS_VALUES])
  const { spec } = await etl.api.get<{ spec: { template: { spec: { containers: { args: string[] }[] } } } }>(DEPLOYMENT)
  assert.ok(spec.template.spec.containers[0]?.args.includes('--workers=4'))
  const { status, phases } = await etl.ends('upgrade')
  assert.deepEqual(phases, SMOOTH, JSON.stringify(status))
  assert.deepEqual(Object.values(commitsByWriter(join(etl.lake, 'tables/upgrade'))), [1, 1])
})

remoteTests(() => ({ etl, release }))

test('helm uninstalls the operator and leaves runs, their definitions and tables, which a new release finds', async () => {
  const runs = async () => (await etl.kubectl('get', 'etlr', '-o', 'name')).trim().split('\n')
  const [tablesBefore, runsBefore] = [await tablesOf('upgrade'), await runs()]
  await release.uninstall()
  await until('the operator is gone', async () => (await etl.api.find(DEPLOYMENT)) === undefined)
  assert.deepEqual(await runs(), runsBefore)
  assert.deepEqual(await tablesOf('upgrade'), tablesBefore)
  await release.install()
  await etl.apply(run('again', [quick('again')]))
  assert.deepEqual((await etl.ends('again')).phases, SMOOTH)
})
