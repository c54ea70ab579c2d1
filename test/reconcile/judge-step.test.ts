// What becomes of a running step, from what its Job and pods show.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobFact, PodFact } from '../../src/reconcile/index.ts'
import { judgeStep } from '../../src/reconcile/judge-step.ts'
import { withWayOut } from '../../src/reconcile/way-out.ts'
import { jobOf, NOW, podOf, told } from './builder.ts'

const record = { process: 'p', step: 'a', state: 'Running', attempt: 1, try: 1 } as const

interface Seen {
  job?: JobFact
  pods?: PodFact[]
  disruptions?: number
  now?: number
}

/** `kind` and `reason` of the verdict. */
function verdict({ job, pods = [], disruptions = 0, now = NOW }: Seen): string {
  const judged = judgeStep({ ...record, disruptions }, { now, jobs: job === undefined ? [] : [job], pods })
  return 'reason' in judged ? `${judged.kind} ${judged.reason}` : judged.kind
}

const job = jobOf('a')
const ended = jobOf('a', { state: 'failed' })
const end = (fact: NonNullable<PodFact['end']>) => [podOf('a', { end: fact })]
const evicted = end({ kind: 'disrupted', reason: 'Evicted', message: 'm' })
const pending = (reason: 'Unschedulable' | 'ImagePullFailed' | 'CreateContainerError') => [
  podOf('a', { running: false, trouble: { reason, message: 'm' } }),
]
const noPod = (reason: NonNullable<JobFact['podTrouble']>['reason']) =>
  jobOf('a', { podTrouble: { reason, message: 'm' } })
const MINUTES = 60_000

const cases: [why: string, seen: Seen, verdict: string][] = [
  ['a Job and no pod yet', { job }, 'running'],
  ['a pod that runs', { job, pods: [podOf('a')] }, 'running'],
  ['an outcome', { job, pods: [told('a')] }, 'succeeded'],
  ['an outcome, though its Job is gone', { pods: [told('a')] }, 'succeeded'],
  ['an outcome of one pod, though another was evicted', { job: ended, pods: [...evicted, told('a')] }, 'succeeded'],
  ['an outcome of another try', { job, pods: [{ ...told('a'), try: 2 }] }, 'running'],
  ['an outcome of another attempt', { job, pods: [{ ...told('a'), attempt: 2 }] }, 'running'],
  ['an outcome of another step', { job, pods: [{ ...told('a'), step: 'b' }] }, 'running'],
  ['invalid input', { job, pods: [told('a', { kind: 'invalid' })] }, 'failed InvalidInput'],
  ['denied', { job, pods: [told('a', { kind: 'denied' })] }, 'failed AccessDenied'],
  ['missing input', { job, pods: [told('a', { kind: 'missing' })] }, 'failed MissingInput'],
  ['a lost race', { job, pods: [told('a', { kind: 'conflict' })] }, 'failed WriteConflict'],
  ['a fault that may pass', { job, pods: [told('a', { kind: 'transient' })] }, 'failed TransientFault'],
  ['a bug', { job, pods: [told('a', { kind: 'defect' })] }, 'failed Defect'],
  ['its own timeout', { job, pods: [told('a', { kind: 'transient', code: 'TimedOut' })] }, 'failed TimedOut'],
  [
    'its engine out of memory',
    { job, pods: [told('a', { kind: 'transient', code: 'OutOfMemory' })] },
    'failed OutOfMemory',
  ],
  ['a container out of memory', { job, pods: end({ kind: 'outOfMemory', message: 'm' }) }, 'failed OutOfMemory'],
  ['a pod past its deadline', { job, pods: end({ kind: 'timedOut', message: 'm' }) }, 'failed TimedOut'],
  [
    'no outcome',
    { job, pods: end({ kind: 'silent', exitCode: 1, reason: 'Error', message: '' }) },
    'failed OutcomeMissing',
  ],
  ['an outcome that is none', { job, pods: end({ kind: 'malformed', message: 'm' }) }, 'failed OutcomeMalformed'],
  [
    'a container that never began',
    { job, pods: end({ kind: 'notStarted', message: 'm' }) },
    'failed CreateContainerError',
  ],
  ['an eviction', { job: ended, pods: evicted }, 'disrupted Evicted'],
  ['the sixth eviction', { job: ended, pods: evicted, disruptions: 5 }, 'failed TooManyDisruptions'],
  ['no Job', {}, 'disrupted JobDeleted'],
  ['a failed Job without a pod', { job: ended }, 'disrupted PodDeleted'],
  ['a failed Job whose pod is going', { job: ended, pods: [podOf('a', { deleting: true })] }, 'disrupted PodDeleted'],
  ['a pod that is going, its Job not failed yet', { job, pods: [podOf('a', { deleting: true })] }, 'running'],
  [
    'a Job past its own deadline',
    { job: jobOf('a', { state: 'failed', reason: 'DeadlineExceeded' }) },
    'failed TimedOut',
  ],
  ['no node for it', { job, pods: pending('Unschedulable') }, 'held Unschedulable'],
  ['no node for 15 minutes', { job, pods: pending('Unschedulable'), now: NOW + 15 * MINUTES }, 'failed Unschedulable'],
  ['no image', { job, pods: pending('ImagePullFailed') }, 'held ImagePullFailed'],
  [
    'no image for 5 minutes: nobody knows whose fault',
    { job, pods: pending('ImagePullFailed'), now: NOW + 5 * MINUTES },
    'disrupted ImagePullFailed',
  ],
  ['no Secret', { job, pods: pending('CreateContainerError') }, 'held CreateContainerError'],
  [
    'no Secret for 5 minutes',
    { job, pods: pending('CreateContainerError'), now: NOW + 5 * MINUTES },
    'failed CreateContainerError',
  ],
  ['a full quota', { job: noPod('QuotaExceeded') }, 'held QuotaExceeded'],
  ['a full quota for 10 minutes', { job: noPod('QuotaExceeded'), now: NOW + 10 * MINUTES }, 'failed QuotaExceeded'],
  ['a refused pod', { job: noPod('AdmissionDenied') }, 'held AdmissionDenied'],
  ['a pod that can not be made', { job: noPod('PodCreationFailed') }, 'held PodCreationFailed'],
]

describe('a running step with', () => {
  for (const [why, seen, expected] of cases)
    it(`${why} is ${expected}`, () => {
      assert.equal(verdict(seen), expected)
    })
})

it('a pod that is being started is looked at again: why it is not started no watch tells', () => {
  const look = (createdAt: number) => {
    const pods = [podOf('a', { running: false, starting: true, createdAt })]
    return judgeStep({ ...record, disruptions: 0 }, { now: NOW, jobs: [job], pods })
  }
  assert.deepEqual(look(NOW), { kind: 'running', lookAgainAt: NOW + 4_000 })
  assert.deepEqual(look(NOW - 60_000), { kind: 'running', lookAgainAt: NOW + 10_000 })
})

it('the message of a fault ends with what to do, once, and is cut before it', () => {
  const wayOut = "make room on a node, or change the storage's resources, nodeSelector or tolerations"
  assert.equal(withWayOut('Unschedulable', '0/3 nodes are available.'), `0/3 nodes are available; ${wayOut}`)
  assert.equal(withWayOut('Unschedulable', `full; ${wayOut}`), `full; ${wayOut}`)
  assert.equal(withWayOut('JobDeleted', 'its Job was deleted by somebody'), 'its Job was deleted by somebody')
  const long = withWayOut('Unschedulable', 'x'.repeat(2000))
  assert.equal(Buffer.byteLength(long), 512)
  assert.ok(long.endsWith(`…; ${wayOut}`))
})
