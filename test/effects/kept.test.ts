// The caches keep less of an object than the API server sends, and decisions must not see a difference.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyObject, jobStub, podStub, presence, runOrStub } from '../../src/effects/kept.ts'
import { jobFact, jobName, LABELS, podFact } from '../../src/reconcile/index.ts'

const RUN = { name: 'run', namespace: 'default', uid: 'run-uid' }
const ID = { process: 'main', step: 'one', attempt: 1, try: 1 }
const owner = (kind: string, name: string, uid: string) => ({
  apiVersion: 'v1',
  kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
})

const metadata = {
  name: 'object',
  namespace: 'default',
  uid: 'uid',
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
  managedFields: [{ manager: 'kubelet' }],
  annotations: { 'loom.etl/plan-hash': 'x' },
  labels: {
    'app.kubernetes.io/managed-by': 'loom-operator',
    'job-name': 'x',
    [LABELS.runUid]: RUN.uid,
    [LABELS.process]: ID.process,
    [LABELS.step]: ID.step,
    [LABELS.attempt]: '1',
    [LABELS.try]: '1',
  },
}

const condition = (type: string, status: string, more = {}) => ({ type, status, lastTransitionTime: 'x', ...more })
const container = (state: object) => ({ containerStatuses: [{ name: 'step', image: 'i', ready: false, state }] })
const SCHEDULED = { conditions: [condition('Ready', 'False'), condition('PodScheduled', 'True')] }

const PODS: Record<string, object> = {
  'that has just been made': {},
  'that no node can take': {
    phase: 'Pending',
    conditions: [condition('PodScheduled', 'False', { reason: 'Unschedulable', message: 'no node' })],
  },
  'that is being started': {
    phase: 'Pending',
    ...SCHEDULED,
    ...container({ waiting: { reason: 'ContainerCreating' } }),
  },
  'whose image is not there': {
    phase: 'Pending',
    ...SCHEDULED,
    ...container({ waiting: { reason: 'ErrImagePull', message: 'm' } }),
  },
  'that runs': { phase: 'Running', ...SCHEDULED, ...container({ running: { startedAt: 'x' } }) },
  'that has told nothing': { phase: 'Failed', ...container({ terminated: { exitCode: 1, reason: 'Error' } }) },
  'that was killed for its memory': {
    phase: 'Failed',
    ...container({ terminated: { exitCode: 137, reason: 'OOMKilled' } }),
  },
  'that has told nonsense': {
    phase: 'Failed',
    ...container({ terminated: { exitCode: 1, reason: 'Error', message: '?' } }),
  },
  'that was evicted': {
    phase: 'Failed',
    reason: 'Evicted',
    message: 'low on memory',
    conditions: [condition('DisruptionTarget', 'True', { reason: 'TerminationByKubelet', message: 'low' })],
  },
  'whose time is over': { phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' },
  'that is malformed': { phase: 7, conditions: 'none', containerStatuses: [null, { name: 'step', state: [] }] },
}

for (const [which, status] of Object.entries(PODS))
  test(`of a pod ${which} enough is kept`, () => {
    const ownerReferences = [owner('Job', jobName(RUN, ID), 'job-uid')]
    const pod = { metadata: { ...metadata, ownerReferences }, spec: { containers: [] }, status } as AnyObject
    const fact = podFact(pod, RUN)
    assert.ok(fact !== undefined)
    assert.deepEqual(podFact(podStub(pod), RUN), fact)
    assert.equal(podStub(pod).spec, undefined)
  })

for (const [which, conditions] of Object.entries({
  'that is active': [],
  'that is complete': [condition('Complete', 'True')],
  'that has failed': [condition('Failed', 'True', { reason: 'BackoffLimitExceeded', message: 'm' })],
}))
  test(`of a Job ${which} enough is kept`, () => {
    const ownerReferences = [owner('ETLRun', RUN.name, RUN.uid)]
    const job = { metadata: { ...metadata, name: jobName(RUN, ID), ownerReferences }, spec: {}, status: { conditions } }
    const fact = jobFact(job, RUN.uid)
    assert.ok(fact !== undefined)
    assert.deepEqual(jobFact(jobStub(job), RUN.uid), fact)
  })

test('of a ConfigMap its place, its version and whose it is are kept', () => {
  const kept = presence({ metadata, data: { 'plan.json': '{}' } })
  assert.equal(kept.data, undefined)
  assert.equal(kept.metadata.resourceVersion, '7')
  assert.equal(kept.metadata.labels?.[LABELS.runUid], RUN.uid)
})

test('a finished run is kept without its pipeline and its steps', () => {
  const status = { phase: 'Succeeded', startedAt: 'x', finishedAt: 'y', steps: [{ step: 'one' }] }
  const run = { metadata, spec: { pipeline: { processes: [] }, ttlAfterFinished: '1d' }, status }
  assert.deepEqual(runOrStub(run).spec, { ttlAfterFinished: '1d' })
  assert.deepEqual(runOrStub(run).status, { phase: 'Succeeded', startedAt: 'x', finishedAt: 'y' })
  assert.deepEqual(runOrStub({ ...run, status: { ...status, phase: 'Running' } }).spec, run.spec)
})

test('a finished run whose spec was changed afterwards is kept whole until its status tells of that change', () => {
  const status = { phase: 'Succeeded', startedAt: 'x', observedGeneration: 3, conditions: [{ type: 'Succeeded' }] }
  const run = { metadata: { ...metadata, generation: 4 }, spec: { pipeline: {} }, status }
  assert.deepEqual(runOrStub(run).status, status)
  const seen = runOrStub({ ...run, status: { ...status, observedGeneration: 4 } })
  assert.deepEqual(seen.status, { phase: 'Succeeded', startedAt: 'x', observedGeneration: 4 })
})

test('a run that has ended is kept whole while it is asked to go on: the decision about that reads all of it', () => {
  const status = { phase: 'Failed', startedAt: 'x', observedGeneration: 1, stepStates: 'SF' }
  const run = (spec: object, more: object = {}): AnyObject => ({
    metadata: { ...metadata, generation: 1 },
    spec,
    status: { ...status, ...more },
  })
  const states = (object: AnyObject) => (runOrStub(object).status as { stepStates?: string }).stepStates
  assert.equal(states(run({})), undefined)
  assert.equal(states(run({ restarts: 1 })), 'SF')
  assert.equal(states(run({ restarts: 1 }, { restarts: 1 })), undefined)
  assert.equal(states(run({ restarts: 1 }, { phase: 'Succeeded' })), undefined)
})
