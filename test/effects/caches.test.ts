// Which run is looked at when something changes, and what is kept of it.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { type AnyObject, Caches } from '../../src/effects/index.ts'
import { LABELS } from '../../src/reconcile/index.ts'
import { ModelApiServer } from '../simulation/model/api-server.ts'

let looked: string[]
let caches: Caches
let version = 0

beforeEach(() => {
  looked = []
  caches = new Caches({
    client: new ModelApiServer(() => 0),
    onRun: (key) => looked.push(key),
    onTrouble: () => {},
    random: () => 0.5,
  })
})

function aRun(name: string, more: Partial<AnyObject> = {}): AnyObject {
  return { metadata: { name, namespace: 'etl', uid: `uid-${name}`, resourceVersion: String(++version) }, ...more }
}

function aJob(name: string, runUid?: string): AnyObject {
  const labels = runUid === undefined ? {} : { [LABELS.runUid]: runUid }
  return { metadata: { name, namespace: 'etl', uid: `uid-${name}`, resourceVersion: String(++version), labels } }
}

/** What is looked at because of an event. */
function after(
  reflector: { apply(event: { type: string; object: unknown }): void },
  type: string,
  object: AnyObject,
): string[] {
  looked = []
  reflector.apply({ type, object })
  return looked
}

const jobsOf = (uid: string) => caches.ownedBy('Job', uid).map(({ metadata }) => metadata.name)

test('a Job, pod or ConfigMap that changes makes its run be looked at, whichever of them came first', () => {
  assert.deepEqual(after(caches.owned.Job, 'ADDED', aJob('job', 'uid-run')), [])
  assert.deepEqual(after(caches.runs, 'ADDED', aRun('run')), ['etl/run'])
  assert.deepEqual(jobsOf('uid-run'), ['job'])
  for (const resource of ['Job', 'Pod', 'ConfigMap'] as const) {
    assert.deepEqual(after(caches.owned[resource], 'MODIFIED', aJob('job', 'uid-run')), ['etl/run'])
    assert.deepEqual(after(caches.owned[resource], 'DELETED', aJob('job', 'uid-run')), ['etl/run'])
  }
  assert.deepEqual(jobsOf('uid-run'), [])
})

test('an object whose label was changed by hand leaves the one run and comes to the other, and both are looked at', () => {
  for (const name of ['first', 'second']) caches.runs.apply({ type: 'ADDED', object: aRun(name) })
  caches.owned.Job.apply({ type: 'ADDED', object: aJob('job', 'uid-first') })
  assert.deepEqual(after(caches.owned.Job, 'MODIFIED', aJob('job', 'uid-second')), ['etl/first', 'etl/second'])
  assert.deepEqual([jobsOf('uid-first'), jobsOf('uid-second')], [[], ['job']])
  assert.deepEqual(after(caches.owned.Job, 'MODIFIED', aJob('job')), ['etl/second'])
  assert.deepEqual(jobsOf('uid-second'), [])
})

test('a pipeline or storage that changes makes those runs be looked at that name it and have not started', () => {
  const spec = { pipelineRef: { name: 'main' } }
  caches.runs.apply({ type: 'ADDED', object: aRun('waits', { spec }) })
  caches.runs.apply({ type: 'ADDED', object: aRun('runs', { spec, status: { startedAt: '2026-03-01T12:00:00Z' } }) })
  caches.runs.apply({ type: 'ADDED', object: aRun('other', { spec: { ...spec, storageRef: { name: 'far' } } }) })
  assert.deepEqual(after(caches.pipelines, 'ADDED', aRun('main')), ['etl/waits', 'etl/other'])
  assert.deepEqual(after(caches.pipelines, 'ADDED', aRun('unused')), [])
  assert.deepEqual(after(caches.storages, 'MODIFIED', aRun('default')), ['etl/waits'])
  assert.deepEqual(after(caches.storages, 'MODIFIED', aRun('far')), ['etl/other'])
})

test('of a finished run only what its end needs is kept, of the others all but who wrote which field', () => {
  const written = {
    spec: { pipeline: { processes: [] }, ttlAfterFinished: '1h' },
    metadata: { ...aRun('run').metadata, managedFields: [{}] },
  }
  const kept = () => caches.runs.objects.get('etl/run')
  caches.runs.apply({
    type: 'ADDED',
    object: { ...written, status: { phase: 'Running', startedAt: 'x', steps: [{}] } },
  })
  assert.deepEqual(kept()?.spec, written.spec)
  assert.equal(kept()?.metadata.managedFields, undefined)
  const end = { phase: 'Succeeded', startedAt: 'x', finishedAt: 'y', steps: [{}] }
  caches.runs.apply({ type: 'MODIFIED', object: { ...written, metadata: aRun('run').metadata, status: end } })
  assert.deepEqual(kept()?.spec, { ttlAfterFinished: '1h' })
  assert.deepEqual(kept()?.status, { phase: 'Succeeded', startedAt: 'x', finishedAt: 'y' })
})
