// Every state of an ETLRun's life, with the status that the operator's own decision gives it.
import { decideRun, FINALIZER, type Observed } from '../../src/reconcile/index.ts'
import { beforeStart, iso, jobOf, NOW, podOf, started, told } from '../reconcile/builder.ts'
import type { State } from './states.ts'

const WAITS = { state: 'waiting', message: 'it does not exist in namespace "etl"' } as const
const noPipeline = { ...WAITS, reason: 'PipelineNotFound' } as const
const noStorage = { ...WAITS, reason: 'StorageNotFound' } as const
const LATE = NOW + 11 * 60_000
const problem = {
  code: 'UnknownTable',
  severity: 'error',
  path: 'spec.x',
  message: 'no such table',
  hint: 'name another',
}
const INVALID = { state: 'problems', problems: [problem] } as unknown as Observed['plan']

const waitingPod = (reason: 'Unschedulable' | 'ImagePullFailed' | 'CreateContainerError'): Observed =>
  started('R', {
    jobs: [jobOf('a')],
    pods: [podOf('a', { running: false, trouble: { reason, message: 'the kubelet says why' } })],
  })

const noPod = (reason: 'QuotaExceeded' | 'AdmissionDenied'): Observed =>
  started('R', { jobs: [jobOf('a', { podTrouble: { reason, message: 'the API server says why' } })] })

const WARM = { name: 'warm', namespace: 'etl', uid: 'uid-warm', generation: 1, resourceVersion: '1', deleting: false }
const poolWaits = (broker: Observed['dispatch']['broker'], workers?: number): Observed => {
  const pool = { metadata: WARM, spec: { replicas: { max: 4 } }, status: {} }
  const pools = workers === undefined ? [] : [{ pool, workers }]
  return beforeStart({
    spec: { dispatch: { mode: 'nats', pool: 'warm' } },
    dispatch: { broker, oldLeasesEnd: 0, pools },
  })
}

const failing = () => told('a', { kind: 'transient' })
const retrying = { retry: { limit: 2 } }

const succeeded = started('R', { pods: [told('a')] })
const refused = beforeStart({ fact: INVALID })
const running = started('SR', { jobs: [jobOf('b')], pods: [podOf('b')] })

const FAILED = { phase: 'Failed', reason: 'StepFailed', finishedAt: iso(NOW - 5_000) } as const

const WHILE_IT_LIVES: [title: string, observed: Observed][] = [
  ['waits for its pipeline', beforeStart({ fact: noPipeline })],
  ['waits for its storage', beforeStart({ fact: noStorage })],
  ['suspended before its start', beforeStart({ spec: { suspend: true } })],
  ['started', beforeStart()],
  ['waits for a node', waitingPod('Unschedulable')],
  ['waits for its image', waitingPod('ImagePullFailed')],
  ['waits for a Secret', waitingPod('CreateContainerError')],
  ['waits for quota', noPod('QuotaExceeded')],
  ['its pods are refused', noPod('AdmissionDenied')],
  ['waits for a worker pool', poolWaits({ state: 'up' })],
  ['waits for the broker', poolWaits({ state: 'down', since: NOW - 31_000 }, 1)],
  ['runs', running],
  ['suspended, a step still runs', started('SR', { spec: { suspend: true }, jobs: [jobOf('b')], pods: [podOf('b')] })],
  ['suspended', started('S.', { spec: { suspend: true } })],
  ['waits before another attempt', started('R', { spec: retrying, pods: [failing()] })],
  ['the next attempt', started('F', { spec: retrying, pods: [failing()], status: { nextAttemptAt: iso(NOW - 1) } })],
  ['goes on after it had failed', started('F', { spec: { restarts: 1 }, status: FAILED })],
  ['is being cancelled', started('R', { spec: { cancel: true }, jobs: [jobOf('a')], pods: [podOf('a')] })],
]

const ENDED: [title: string, observed: Observed][] = [
  ['succeeded', succeeded],
  ['a step failed', started('R', { pods: [told('a', { kind: 'invalid' })] })],
  ['out of time', started('.', { spec: { timeout: '10s' } })],
  ['its plan was lost', started('.', { fact: { state: 'lost', message: 'cannot go on: the plan was deleted' } })],
  ['its pipeline does not compile', refused],
  ['its storage does not allow it', beforeStart({ spec: { step: { image: 'other/image' } } })],
  ['its pipeline never came', beforeStart({ fact: noPipeline, now: LATE })],
  ['cancelled before its start', beforeStart({ spec: { cancel: true } })],
  ['cancelled', started('S.', { spec: { cancel: true } })],
]

const suspending = { spec: { suspend: true } }
const outliving = { spec: { ttlAfterFinished: '7d' } }

export const RUN_STATES: readonly State[] = [
  { kind: 'ETLRun', title: 'made, not yet seen', spec: {} },
  ...WHILE_IT_LIVES.map(stateOf),
  { ...stateOf(['changed, not yet seen', running]), afterwards: suspending },
  ...ENDED.map(stateOf),
  { ...stateOf(['changed after its end, not yet seen', succeeded]), afterwards: outliving },
  stateOf(['changed after its end, seen', seenAgain(succeeded)]),
  { ...stateOf(['refused, then mended, not yet seen', refused]), afterwards: outliving },
  { ...stateOf(['being deleted', running]), afterwards: 'delete', finalizer: FINALIZER },
]

function stateOf([title, observed]: [string, Observed]): State {
  return { kind: 'ETLRun', title, spec: observed.run.spec, status: decideRun(observed).status }
}

/** What the operator makes of a change after the end; the object's generation is then one more. */
function seenAgain(observed: Observed): Observed {
  const run = { ...observed.run, status: decideRun(observed).status }
  return { ...observed, run: { ...run, metadata: { ...run.metadata, generation: 2 } } }
}
