// Raw Jobs, pods and events as the cluster writes them, and the small facts that they become.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeOutcome } from '../../src/plan/index.ts'
import { jobFact, jobName, labelsOf, mountTroubleOf, podFact, podTroubleOf } from '../../src/reconcile/index.ts'

const run = { name: 'daily', namespace: 'etl', uid: 'uid-1' }
const id = { process: 'p', step: 'a', attempt: 1, try: 1 }
const labels = labelsOf(run, 'main', id)
const controller = (kind: string, name: string, uid: string) => [{ kind, name, uid, controller: true }]
const metadata = { name: 'x', uid: 'u', creationTimestamp: '2026-03-01T12:00:00Z', labels }
const outcome = { process: 'p', step: 'a', state: 'Succeeded', durationMs: 5 } as const
const message = encodeOutcome({ runUid: run.uid, attempt: 1, try: 1 }, outcome)

const aPod = (status: object, more: object = {}) => ({
  metadata: { ...metadata, ownerReferences: controller('Job', jobName(run, id), 'job-uid'), ...more },
  status,
})
const terminated = (state: object, more: object = {}) => ({
  phase: 'Failed',
  containerStatuses: [{ name: 'step', state: { terminated: state } }],
  ...more,
})
const waiting = (reason: string) => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'step', state: { waiting: { reason, message: 'm' } } }],
})
const target = (reason: string, phase = 'Failed') => ({
  phase,
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'm' }],
})

/** What a pod of that status tells, as `kind reason`; `-` for a pod that goes on. */
function told(status: object, more?: object): string {
  const fact = podFact(aPod(status, more), run)
  if (fact === undefined) return 'none'
  const { end, trouble } = fact
  if (trouble !== undefined) return `trouble ${trouble.reason}`
  if (end === undefined) return '-'
  return end.kind === 'disrupted' || end.kind === 'silent' ? `${end.kind} ${end.reason}` : end.kind
}

const deleted = { deletionTimestamp: '2026-03-01T12:01:00Z' }
const cancelled = encodeOutcome({ runUid: run.uid, attempt: 1, try: 1 }, { ...outcome, state: 'Cancelled' })

const pods: [why: string, status: object, fact: string, metadata?: object][] = [
  ['a new one', { phase: 'Pending' }, '-'],
  ['one that runs', { phase: 'Running' }, '-'],
  ['an outcome', terminated({ exitCode: 0, reason: 'Completed', message }), 'outcome'],
  [
    'an outcome, though the pod was evicted afterwards',
    { ...target('EvictionByEvictionAPI'), ...terminated({ exitCode: 0, message }) },
    'outcome',
  ],
  ['half an outcome', terminated({ exitCode: 0, message: message.slice(0, 40) }), 'malformed'],
  ["another run's outcome", terminated({ message: message.replace('uid-1', 'uid-2') }), 'malformed'],
  ["another try's outcome", terminated({ message: message.replace('"try":1', '"try":2') }), 'malformed'],
  ["another step's outcome", terminated({ message: message.replace('"step":"a"', '"step":"b"') }), 'malformed'],
  ['words', terminated({ exitCode: 1, message: 'Segmentation fault' }), 'malformed'],
  ['nothing', terminated({ exitCode: 1, reason: 'Error' }), 'silent Error'],
  [
    'nothing yet: the pod may be about to say why',
    terminated({ exitCode: 137, reason: 'Error' }, { phase: 'Running' }),
    '-',
  ],
  ['OOMKilled', terminated({ exitCode: 137, reason: 'OOMKilled' }), 'outOfMemory'],
  [
    'OOMKilled while the pod still counts as running',
    terminated({ reason: 'OOMKilled' }, { phase: 'Running' }),
    'outOfMemory',
  ],
  ['StartError', terminated({ exitCode: 128, reason: 'StartError', message: 'no such file' }), 'notStarted'],
  ['DeadlineExceeded', terminated({ exitCode: 143 }, { reason: 'DeadlineExceeded' }), 'timedOut'],
  ['evicted by the kubelet', { phase: 'Failed', reason: 'Evicted', message: 'low on memory' }, 'disrupted Evicted'],
  ['evicted by the API', target('EvictionByEvictionAPI'), 'disrupted Evicted'],
  ['an eviction that has not ended it yet', target('EvictionByEvictionAPI', 'Running'), '-'],
  ['preempted', target('PreemptionByScheduler'), 'disrupted Preempted'],
  ['a lost node', target('DeletionByTaintManager', 'Running'), 'disrupted NodeLost'],
  ['collected with its node', target('DeletionByPodGC'), 'disrupted NodeLost'],
  ['a node that shut down', { phase: 'Failed', reason: 'NodeShutdown' }, 'disrupted NodeLost'],
  ['told to stop', terminated({ exitCode: 143, message: cancelled }), 'disrupted PodDeleted'],
  ['deleted without a word', terminated({ exitCode: 137, reason: 'Error' }), 'disrupted PodDeleted', deleted],
  ['Failed without a container', { phase: 'Failed' }, 'silent Failed'],
  ['ErrImagePull', waiting('ErrImagePull'), 'trouble ImagePullFailed'],
  ['InvalidImageName', waiting('InvalidImageName'), 'trouble ImagePullFailed'],
  ['CreateContainerConfigError', waiting('CreateContainerConfigError'), 'trouble CreateContainerError'],
  ['ContainerCreating', waiting('ContainerCreating'), '-'],
  [
    'Unschedulable',
    { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
    'trouble Unschedulable',
  ],
  [
    'scheduling gates',
    { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    '-',
  ],
  ['no owner', { phase: 'Running' }, 'none', { ownerReferences: [] }],
  ['the owner of somebody else', { phase: 'Running' }, 'none', { ownerReferences: controller('Job', 'other', 'u') }],
  [
    'an owner that is no Job',
    { phase: 'Running' },
    'none',
    { ownerReferences: controller('ReplicaSet', jobName(run, id), 'u') },
  ],
  ['no labels', { phase: 'Running' }, 'none', { labels: undefined }],
  ['an attempt that is no number', { phase: 'Running' }, 'none', { labels: { ...labels, 'loom.etl/attempt': 'one' } }],
]

describe('a pod that shows', () => {
  for (const [why, status, fact, more] of pods)
    it(`${why} is: ${fact}`, () => {
      assert.equal(told(status, more), fact)
    })
})

describe('a Job', () => {
  const aJob = (conditions: unknown, more: object = {}) => ({
    metadata: { ...metadata, ownerReferences: controller('ETLRun', run.name, run.uid), ...more },
    status: { conditions },
  })
  const is = (type: string, reason?: string, status = 'True') => ({ type, status, reason })
  const cases: [why: string, job: unknown, state: string | undefined][] = [
    ['without a status is active', { ...aJob([]), status: undefined }, 'active'],
    ['Complete is complete', aJob([is('Complete')]), 'complete'],
    ['whose pods still go is complete', aJob([is('SuccessCriteriaMet')]), 'complete'],
    ['Failed is failed', aJob([is('Failed', 'BackoffLimitExceeded')]), 'failed'],
    ['that is about to fail is failed', aJob([is('FailureTarget', 'DeadlineExceeded')]), 'failed'],
    ['suspended is active', aJob([is('Suspended')]), 'active'],
    ['not Failed is active', aJob([is('Failed', 'x', 'False')]), 'active'],
    ['with conditions that are none is active', aJob('broken'), 'active'],
    ['with a null among its conditions is judged by the others', aJob([null, is('Complete')]), 'complete'],
    [
      'of another run is none of this one',
      aJob([], { ownerReferences: controller('ETLRun', 'daily', 'uid-2') }),
      undefined,
    ],
    ['that this run owns without controlling is none', aJob([], { ownerReferences: [{ uid: run.uid }] }), undefined],
    ['without labels is none', aJob([], { labels: null }), undefined],
    ['that is no object is none', 'broken', undefined],
  ]
  for (const [why, job, state] of cases)
    it(why, () => {
      assert.equal(jobFact(job, run.uid)?.state, state)
    })
})

describe('events of a Job without a pod', () => {
  const event = (note: string, eventTime = '2026-03-01T12:00:00Z') => ({ reason: 'FailedCreate', note, eventTime })
  const cases: [why: string, events: unknown[], reason: string | undefined][] = [
    ['none', [], undefined],
    ['of something else', [{ reason: 'SuccessfulCreate', note: 'exceeded quota' }], undefined],
    ['a quota', [event('pods "x" is forbidden: exceeded quota: q')], 'QuotaExceeded'],
    ['Pod Security', [event('pods "x" is forbidden: violates PodSecurity "restricted:latest"')], 'AdmissionDenied'],
    ['a webhook', [event('admission webhook "w" denied the request: no')], 'AdmissionDenied'],
    ['anything else', [event('no service account')], 'PodCreationFailed'],
    ['the newest counts', [event('exceeded quota', '2026-03-01T11:00:00Z'), event('odd')], 'PodCreationFailed'],
    ['broken ones', [null, 7, { reason: 'FailedCreate' }], 'PodCreationFailed'],
  ]
  for (const [why, events, reason] of cases)
    it(`${why}: ${reason ?? 'nothing'}`, () => {
      assert.equal(podTroubleOf(events)?.reason, reason)
    })
})

describe('a pod is being started', () => {
  const bound = { conditions: [{ type: 'PodScheduled', status: 'True' }] }
  const cases: [why: string, status: object, starting: boolean][] = [
    ['when a node has it and its container does not run', { phase: 'Pending', ...bound }, true],
    ['not before a node has it', { phase: 'Pending' }, false],
    ['not when it runs', { phase: 'Running', ...bound }, false],
    ['not when its status tells the trouble', { ...waiting('ErrImagePull'), ...bound }, false],
  ]
  for (const [why, status, starting] of cases)
    it(why, () => {
      assert.equal(podFact(aPod(status), run)?.starting, starting)
    })
})

describe('events of a pod that is being started', () => {
  const event = (reason: string, note: string) => ({ reason, note, eventTime: '2026-03-01T12:00:00Z' })
  const missing = 'MountVolume.SetUp failed for volume "login" : references non-existent secret key: password'
  const cases: [why: string, events: unknown[], message: string | undefined][] = [
    ['none', [], undefined],
    ['of what goes well', [event('Scheduled', 'assigned'), event('Pulling', 'image')], undefined],
    ['a volume without its Secret key', [event('Scheduled', 'assigned'), event('FailedMount', missing)], missing],
    ['a sandbox without a network', [event('FailedCreatePodSandBox', 'no network')], 'no network'],
    ['broken ones', [null, 7, { reason: 'FailedMount' }], ''],
  ]
  for (const [why, events, message] of cases)
    it(why, () => {
      const trouble = message === undefined ? undefined : { reason: 'CreateContainerError', message }
      assert.deepEqual(mountTroubleOf(events), trouble)
    })
})
