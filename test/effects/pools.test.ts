// What is observed and brought about for worker pools, against the model of an API server: in which order, once, and never to
// what is not ours.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import type { PoolLoad } from '../../src/dispatch/index.ts'
import { Caches, type LeaseSource, PoolApplier, PoolObserver } from '../../src/effects/index.ts'
import { DELETION_COST, decidePool, LABELS, type PoolDecision, workersName } from '../../src/reconcile/index.ts'
import { actionsOf } from '../reconcile/pool/pools.ts'
import { ModelApiServer, type ModelObject } from '../simulation/model/api-server.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const KEY = 'etl/warm'

let server: ModelApiServer
let caches: Caches
let observer: PoolObserver
let applier: PoolApplier
let load: PoolLoad
let drained: string[][]
let looks: string[]
let ids = 0

beforeEach(async () => {
  server = new ModelApiServer(() => NOW)
  load = { backlog: 0, busy: [], idle: [] }
  drained = []
  looks = []
  caches = new Caches({
    client: server,
    onRun: () => {},
    onPool: (key) => looks.push(key),
    onTrouble: () => {},
    random: () => 0.5,
  })
  const source: Partial<LeaseSource> = {
    loadOf: () => load,
    drain: (_pool, workers) => drained.push([...workers]),
    downSince: undefined,
    oldLeasesEnd: 0,
  }
  const leases = () => source as LeaseSource
  const nats = { url: 'nats://nats:4222', prefix: 'loom' }
  observer = new PoolObserver({ caches, client: server, defaults: { image: 'loom' }, nats, leases, now: () => NOW })
  applier = new PoolApplier({
    caches,
    client: server,
    observer,
    leases,
    instance: 'test',
    now: () => NOW,
    newId: () => `id${++ids}`,
    onLostEvent: (fault) => assert.fail(fault.message),
  })
  await server.create('ETLStorage', { metadata: { name: 'default', namespace: 'etl' }, ...spec({}) })
  await server.create('ETLWorkerPool', {
    metadata: { name: 'warm', namespace: 'etl' },
    ...spec({ replicas: { max: 4 } }),
  })
  watched()
})

const spec = (of: object) => ({ spec: of })

/** The caches see all that there is. */
function watched(): void {
  for (const [resource, cache] of Object.entries(caches.reflectors))
    for (const object of server.all(resource as Parameters<typeof server.all>[0]))
      if (resource !== 'Deployment' || object.metadata.labels?.[LABELS.poolUid] !== undefined)
        cache.apply({ type: 'MODIFIED', object })
}

async function look(): Promise<PoolDecision> {
  const seen = await observer.observe(KEY)
  assert.ok(seen !== undefined)
  const decision = decidePool(seen.observed)
  await applier.apply(seen.observed, decision, seen.storedStatus)
  watched()
  return decision
}

const only = (resource: 'Deployment' | 'ETLWorkerPool'): ModelObject => {
  const [object, ...others] = server.all(resource)
  assert.ok(object !== undefined && others.length === 0)
  return object
}

/** As the Deployment's controllers would: pods that are there and ready. */
async function makeWorkers(count: number): Promise<void> {
  const { spec: of, metadata } = only('Deployment')
  const { labels } = Object(of).template.metadata
  for (let i = 0; i < count; i++)
    await server.create('Pod', { metadata: { name: `w${i}`, namespace: 'etl', labels } as { name: string } })
  for (const pod of server.all('Pod')) {
    const ready = [{ type: 'Ready', status: 'True' }]
    server.writeStatus('Pod', pod, { phase: 'Running', conditions: ready })
  }
  const counts = { replicas: count, updatedReplicas: count, readyReplicas: count }
  server.writeStatus('Deployment', only('Deployment'), { ...counts, observedGeneration: metadata.generation ?? 1 })
  watched()
}

test('a pool gets its Deployment once, and its status', async () => {
  load = { backlog: 2, busy: [], idle: [] }
  assert.deepEqual(actionsOf(await look()), ['createDeployment 2'])
  const { spec: of, metadata } = only('Deployment')
  assert.equal(Object(of).replicas, 2)
  assert.equal(metadata.ownerReferences?.[0]?.kind, 'ETLWorkerPool')
  assert.equal(Object(only('ETLWorkerPool').status).ready, '0/2')
  assert.deepEqual(actionsOf(await look()), [])
  assert.deepEqual(
    server.all('Event').map((event) => [Object(event)['reason'], Object(event)['regarding'].kind]),
    [['ScaledUp', 'ETLWorkerPool']],
  )
})

test('a Deployment that was made before a crash counts as made', async () => {
  await look()
  caches.deployments.objects.clear()
  assert.deepEqual(actionsOf(await look()), ['createDeployment 0'])
  assert.equal(server.all('Deployment').length, 1)
})

test("a Deployment of that name that is somebody else's is left alone", async () => {
  const { metadata } = only('ETLWorkerPool')
  const name = workersName({ name: 'warm', uid: metadata.uid ?? '' })
  await server.create('Deployment', { metadata: { name, namespace: 'etl' }, ...spec({ replicas: 7 }) })
  await assert.rejects(look(), (thrown) => thrown instanceof Fault && thrown.code === 'NameTaken')
  assert.equal(Object(only('Deployment').spec).replicas, 7)
})

test('other settings are written over ours only: what others wrote stays', async () => {
  await look()
  await server.mergePatch(
    { resource: 'Deployment', namespace: 'etl', name: only('Deployment').metadata.name },
    {
      metadata: { annotations: { theirs: 'stays' } },
    },
  )
  await server.mergePatch(
    { resource: 'ETLWorkerPool', namespace: 'etl', name: 'warm' },
    spec({ maxStepsPerProcess: 3 }),
  )
  watched()
  assert.deepEqual(actionsOf(await look()), ['replaceDeployment 0'])
  const { metadata, spec: of } = only('Deployment')
  assert.equal(metadata.annotations?.['theirs'], 'stays')
  assert.match(JSON.stringify(of), /"LOOM_MAX_STEPS","value":"3"/)
  assert.deepEqual(actionsOf(await look()), [])
})

test('workers that go are told, marked, and then taken away', async () => {
  load = { backlog: 2, busy: [], idle: [] }
  await look()
  await makeWorkers(2)
  load = { backlog: 0, busy: ['w1'], idle: ['w0'] }
  await server.mergePatch({ resource: 'ETLWorkerPool', namespace: 'etl', name: 'warm' }, spec({ paused: true }))
  watched()
  assert.deepEqual(actionsOf(await look()), ['drain w0', 'mark w0'])
  assert.deepEqual(drained, [['w0']])
  const marks = server.all('Pod').map(({ metadata }) => metadata.annotations?.[DELETION_COST])
  assert.deepEqual(marks, ['-100', undefined])
  assert.deepEqual(actionsOf(await look()), ['scale 1'])
  assert.equal(Object(only('Deployment').spec).replicas, 1)
})

test('a pool is looked at when its storage, its Deployment or a worker changes', async () => {
  load = { backlog: 1, busy: [], idle: [] }
  await look()
  await makeWorkers(1)
  const [storage] = server.all('ETLStorage')
  const [worker] = server.all('Pod')
  for (const [cache, object] of [
    [caches.storages, storage],
    [caches.deployments, only('Deployment')],
    [caches.owned.Pod, worker],
  ] as const) {
    looks = []
    const { metadata } = object ?? assert.fail()
    cache.apply({ type: 'MODIFIED', object: { ...object, metadata: { ...metadata, resourceVersion: '999' } } })
    assert.deepEqual(looks, [KEY])
  }
  looks = []
  const step = {
    name: 's',
    namespace: 'etl',
    labels: { [LABELS.poolUid]: only('ETLWorkerPool').metadata.uid, [LABELS.component]: 'step' },
  }
  caches.owned.Pod.apply({ type: 'ADDED', object: { metadata: { ...step, resourceVersion: '1', uid: 'u' } } })
  assert.deepEqual(looks, [], "a step's pod is no worker, whatever its labels say")
})
