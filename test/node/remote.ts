// What is not on the node: tables, files and temps in an S3 store, and steps that come to the workers of a pool over the chart's NATS
// server. Part of node.test.ts, in whose cluster it happens.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CHART, NAMESPACE, RELEASE, type Release } from '../chart/bed/release.ts'
import { type Kube, type Pod, until } from '../cluster/bed/index.ts'
import { commitsByWriter, rowsOfTables } from '../cluster/support/lake.ts'
import { run } from '../cluster/support/pipelines.ts'
import { BUCKET, KEYS, type S3Server, startS3Server } from '../s3/bed/server.ts'
import { NODE_ADDRESS } from './bed/enclave.ts'
import type { Etl } from './support/etl.ts'
import { Gate } from './support/gate.ts'
import { exampleFile, tablesOfLocalRuns } from './support/local-run.ts'

interface Scene {
  readonly etl: Etl
  readonly release: Release
}

const SMOOTH = ['Running', 'Succeeded']
const onPool = { storageRef: { name: 'remote' }, dispatch: { mode: 'nats', pool: 'warm' } }

/** The release must have its NATS server, for the namespace of `etl`. */
export function remoteTests(scene: () => Scene): void {
  let store: S3Server
  let gate: Gate
  before(async () => {
    gate = await Gate.start(NODE_ADDRESS)
  })
  after(async () => {
    gate?.stop()
    await store?.stop()
  })

  const tables = async (of: Record<string, unknown>) => {
    const all = await rowsOfTables(join(store.bucketFolder, 'tables'))
    return Object.fromEntries(Object.entries(all).filter(([table]) => table in of))
  }
  const jobsOf = async ({ api }: Etl, name: string) =>
    await api.list<Kube>(`/apis/batch/v1/namespaces/etl/jobs?labelSelector=loom.etl/run=${name}`)

  test('the passwords of the NATS server are kept when the release is upgraded, and it goes on', async () => {
    const { etl, release } = scene()
    const secrets = async () => [
      (await etl.api.get<Kube>(`/api/v1/namespaces/${NAMESPACE}/secrets/${RELEASE}-nats`))['data'],
      (await etl.api.get<Kube>('/api/v1/namespaces/etl/secrets/loom-workers'))['data'],
    ]
    const server = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${RELEASE}-nats`
    const generation = async () => (await etl.api.get<{ metadata: { generation: number } }>(server)).metadata.generation
    const [secretsBefore, generationBefore] = [await secrets(), await generation()]
    await release.helm('upgrade', RELEASE, CHART, '--reset-then-reuse-values')
    assert.deepEqual(await secrets(), secretsBefore)
    assert.equal(await generation(), generationBefore)
    assert.match(await release.test(), /Phase:\s+Succeeded/)
  })

  test('a pool gets warm workers, whose storage is in an S3 store', async () => {
    const { etl } = scene()
    store = await startS3Server(NODE_ADDRESS)
    const stringData = KEYS
    await etl.api.create('/api/v1/namespaces/etl/secrets', { metadata: { name: 'lake-keys' }, stringData })
    await etl.apply({ kind: 'ETLStorage', metadata: { name: 'remote' }, spec: remoteStorage(store.endpoint) })
    const size = { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } }
    const spec = { storageRef: { name: 'remote' }, replicas: { min: 2, max: 2 }, resources: size, drainTimeout: '2s' }
    await etl.apply({ kind: 'ETLWorkerPool', metadata: { name: 'warm' }, spec })
    await etl.poolIs('warm', 'is ready', ({ reason, ready }) => reason === 'Ready' && ready === '2/2')
  })

  test('a run goes over NATS to the pool, starts no pod, and gives the same tables as a local run', async () => {
    const { etl } = scene()
    const spec = { pipelineRef: { name: 'regions' }, ...onPool }
    await etl.apply({ kind: 'ETLRun', metadata: { name: 'over-nats' }, spec })
    const { status, phases } = await etl.ends('over-nats')
    assert.deepEqual(phases, SMOOTH, JSON.stringify(status))
    assert.deepEqual(await jobsOf(etl, 'over-nats'), [])
    const local = await tablesOfLocalRuns(['-f', exampleFile('parallel/pipeline.yaml')])
    assert.equal(Object.keys(local).length, 3)
    assert.deepEqual(await tables(local), local)
  })

  test('a step whose worker is evicted goes to another one, and each step has one commit', async () => {
    const { etl } = scene()
    await etl.apply(run('no-worker', [{ parallel: [gate.step('lost'), gate.step('kept')] }], onPool))
    const [worker, other] = [await gate.knock('lost'), await gate.knock('kept')]
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: worker } }
    await etl.api.create(`/api/v1/namespaces/etl/pods/${worker}/eviction`, body)
    assert.notEqual(await gate.knock('lost', [worker]), other)
    gate.open('lost', 'kept')
    const { status, phases } = await etl.ends('no-worker')
    assert.deepEqual(phases, SMOOTH, JSON.stringify(status))
    const tries = Object.fromEntries((status.steps ?? []).map(({ step, try: number }) => [step, number]))
    assert.deepEqual([status.attempt, tries], [1, { lost: 2, kept: 1 }], JSON.stringify(status))
    assert.deepEqual(Object.values(commitsByWriter(join(store.bucketFolder, 'tables/out'))), [1, 1])
    await etl.poolIs('warm', 'has two again', ({ ready }) => ready === '2/2')
  })

  test("a run over NATS goes on when the server's pod is deleted, and its step has one commit", async () => {
    const { etl } = scene()
    await etl.apply(run('no-server', [gate.step('unheard')], onPool))
    await gate.knock('unheard')
    const pods = `/api/v1/namespaces/${NAMESPACE}/pods`
    const servers = async () => await etl.api.list<Pod>(`${pods}?labelSelector=app.kubernetes.io/component=nats`)
    const names = async () => (await servers()).map(({ metadata: { name } }) => name)
    const [old = ''] = await names()
    await etl.api.delete(`${pods}/${old}`)
    await until('another one is there', async () => (await names()).some((name) => name !== old), { seconds: 120 })
    gate.open('unheard')
    const { status, phases } = await etl.ends('no-server')
    assert.deepEqual(phases, SMOOTH, JSON.stringify(status))
    assert.equal(status.attempt, 1)
    assert.deepEqual(Object.values(commitsByWriter(join(store.bucketFolder, 'tables/out/unheard'))), [1])
  })

  test('the flights example, groups on the pool and the rest as Jobs, gives the same tables in S3 as a local run on a disk', async () => {
    const { etl } = scene()
    const params = { period: '2013-01' }
    const spec = { pipelineRef: { name: 'flights' }, storageRef: { name: 'remote' }, params, correlationId: 'in-s3' }
    await etl.apply({ kind: 'ETLRun', metadata: { name: 'in-s3' }, spec })
    const { status, phases } = await etl.ends('in-s3')
    assert.deepEqual(phases, SMOOTH, JSON.stringify(status))
    const [jobs, steps] = [(await jobsOf(etl, 'in-s3')).length, status.stepStates?.length ?? 0]
    assert.ok(jobs > 0 && jobs < steps, `${jobs} Jobs for ${steps} steps`)
    const local = await tablesOfLocalRuns(['flights-2013-01', '-f', exampleFile('flights')])
    assert.equal(Object.keys(local).length, 11)
    assert.deepEqual(await tables(local), local)
  })

  test('a run that is deleted takes its temps in S3 with it, and leaves the tables', async () => {
    const { etl } = scene()
    assert.notDeepEqual(temps(store), [])
    await etl.kubectl('delete', 'etlrun/in-s3', '--timeout=120s')
    assert.deepEqual(temps(store), [])
    assert.equal(Object.keys(await rowsOfTables(join(store.bucketFolder, 'tables'))).length, 17)
  })

  test('the keys of the store lie in their Secret only', async () => {
    const { etl } = scene()
    const seen = await Promise.all(
      ['configmaps', 'pods', 'events'].map((kind) => etl.api.list(`/api/v1/namespaces/etl/${kind}`)),
    )
    const runs = await etl.api.list('/apis/loom.etl/v1alpha1/namespaces/etl/etlruns')
    assert.ok(!JSON.stringify([seen, runs]).includes(KEYS.AWS_SECRET_ACCESS_KEY))
  })
}

const remoteStorage = (endpoint: string) => ({
  defaults: {
    tablePath: { uri: `s3://${BUCKET}/tables` },
    filePath: { uri: '/app/examples/flights' },
    modulePath: { uri: '/app/examples/flights' },
  },
  temp: { root: `s3://${BUCKET}/tmp` },
  files: [{ name: 'carrier-report', path: { uri: `s3://${BUCKET}/reports/carriers.csv` } }],
  objectStore: { s3: { endpoint, region: 'us-east-1', credentials: { secretRef: { name: 'lake-keys' } } } },
  nats: { credentialsRef: { name: 'loom-workers' } },
  pods: { allowCode: true, resources: { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } } },
})

const temps = ({ bucketFolder }: S3Server): string[] =>
  readdirSync(bucketFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && `${entry.parentPath}/`.startsWith(`${bucketFolder}/tmp/`))
    .map(({ parentPath, name }) => join(parentPath, name))
