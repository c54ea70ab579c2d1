// A run that has ended without success is asked to go on: when it does, with which steps, and what is counted anew.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventObject } from '../../src/effects/run-event.ts'
import type { RunStatus } from '../../src/manifest/index.ts'
import { decideRun, isLastAttempt, type Observed, stepJob, wantsRestart } from '../../src/reconcile/index.ts'
import { aRun, BINDING, beforeStart, iso, jobOf, NOW, planWith, podOf, started, told } from './builder.ts'

const DETAILS: RunStatus['steps'] = [
  { process: 'p', step: 'b', state: 'Failed', attempt: 2, try: 3, disruptions: 2, reason: 'OutOfMemory', message: 'x' },
]
/** Step a has succeeded, b has failed, c was never begun. */
const ended = (phase: 'Failed' | 'Cancelled', spec: object = {}, status: RunStatus = {}): Observed =>
  started('SFK', {
    spec: { retry: { limit: 1 }, restarts: 1, ...spec },
    status: {
      phase,
      reason: 'StepFailed',
      attempt: 2,
      steps: DETAILS,
      failures: [{ process: 'p', step: 'b', attempt: 2, reason: 'OutOfMemory', message: 'x' }],
      finishedAt: iso(NOW - 5_000),
      duration: '25 s',
      rows: 10,
      ...status,
    },
  })
const next = (observed: Observed, more: Partial<Observed> = {}): Observed => {
  const { status } = decideRun(observed)
  return { ...observed, ...more, run: { ...observed.run, status } }
}

describe('a run that is asked to go on', () => {
  it('does so with what has not succeeded, as a next attempt, and says so', () => {
    const { status, actions, events } = decideRun(ended('Failed'))
    assert.deepEqual(
      [status.phase, status.reason, status.stepStates, status.attempt],
      ['Running', 'Restarted', 'S..', 3],
    )
    assert.deepEqual([status.restarts, status.attemptsBefore, status.restartedAt], [1, 2, iso(NOW)])
    assert.deepEqual([status.finishedAt, status.duration, status.failures], [undefined, undefined, undefined])
    assert.deepEqual([actions, events.map(({ type, reason }) => `${type} ${reason}`)], [[], ['Normal Restarted']])
    assert.match(status.message ?? '', /^restarted after Failed: attempt 3 runs what has not succeeded, 2 of 3 steps$/)
    assert.equal(status.rows, 10)
    const is = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status
    assert.deepEqual([is('Succeeded'), is('Reconciling'), is('Stalled')], ['Unknown', 'True', 'False'])
  })

  it('starts its steps at the next look, as first tries of that attempt', () => {
    const { status, actions } = decideRun(next(ended('Failed')))
    assert.deepEqual(actions, [{ kind: 'createJob', of: { process: 'p', step: 'b', attempt: 3, try: 1 } }])
    assert.equal(status.stepStates, 'SR.')
  })

  it('does so when the Job of what has failed has ended, too', () => {
    const lags = { ...ended('Failed'), jobs: [jobOf('b', { attempt: 2, try: 3, state: 'active' })] }
    const { status, actions } = decideRun(lags)
    assert.deepEqual([status.phase, status.restarts, actions], ['Failed', undefined, []])
    const later = { ...lags, jobs: [jobOf('b', { attempt: 2, try: 3, state: 'failed' })] }
    assert.equal(decideRun(later).status.reason, 'Restarted')
  })

  it('does so once', () => {
    const news = {
      jobs: [jobOf('b', { attempt: 3, state: 'failed' })],
      pods: [{ ...told('b', { kind: 'invalid' }), attempt: 3 }],
    }
    const failed = next(next(next(ended('Failed')), news))
    const { status, actions } = decideRun(failed)
    assert.deepEqual([status.phase, status.restarts, actions], ['Failed', 1, []])
    assert.equal(wantsRestart({ spec: failed.run.spec, status }), false)
    assert.equal(wantsRestart({ spec: { restarts: 2 }, status }), true)
  })

  it('has as many attempts as at its start, and its whole time', () => {
    const { status } = decideRun(ended('Failed', { timeout: '10s' }))
    const run = aRun({ spec: { retry: { limit: 1 } }, status })
    assert.deepEqual([isLastAttempt(run, 3), isLastAttempt(run, 4)], [false, true])
    const stored = { plan: planWith('a', 'b', 'c'), binding: BINDING, pods: {} }
    const argsOf = (attempt: number) => {
      const id = { process: 'p', step: 'b', attempt, try: 1 }
      const step = stored.plan.stages[0]?.[0]?.stages[1]?.[0]
      assert.ok(step)
      return stepJob({ run, stored, step, id, defaults: { image: 'i' } }).spec?.template.spec?.containers[0]?.args ?? []
    }
    assert.deepEqual(
      [argsOf(3), argsOf(4)].map((args) => args.includes('--last-attempt')),
      [false, true],
    )
    const second = next(ended('Failed', { timeout: '10s' }))
    assert.equal(decideRun(second).status.reason, 'Running', 'its time counts from the restart')
    assert.equal(decideRun({ ...second, now: NOW + 10_000 }).status.reason, 'TimedOut')
  })

  it('goes on after a cancellation when that is taken back as well', () => {
    assert.equal(decideRun(ended('Cancelled', { cancel: true })).status.phase, 'Cancelled')
    assert.equal(decideRun(ended('Cancelled', { cancel: false })).status.reason, 'Restarted')
  })

  it('is held as any other while it is suspended', () => {
    const { status, actions } = decideRun(next(ended('Failed', { suspend: true })))
    assert.deepEqual([status.phase, status.stepStates, actions], ['Suspended', 'S..', []])
  })

  it('fails for good when its plan is gone, and is not asked again', () => {
    const lost = { state: 'lost', message: 'cannot go on: the plan is gone' } as const
    const { status } = decideRun({ ...ended('Failed'), plan: lost })
    assert.deepEqual(
      [status.phase, status.reason, status.message, status.restarts],
      ['Failed', 'PlanLost', lost.message, 1],
    )
    assert.equal(status.finishedAt, iso(NOW - 5_000))
  })

  it('is left alone when it has succeeded', () => {
    const done = started('S', {
      spec: { restarts: 1 },
      status: { phase: 'Succeeded', reason: 'Succeeded', finishedAt: iso(NOW) },
    })
    assert.deepEqual([decideRun(done).status.phase, decideRun(done).actions], ['Succeeded', []])
  })
})

describe('what kubectl describe tells of a run', () => {
  const suspended = started('SR', { spec: { suspend: true }, jobs: [jobOf('b')], pods: [podOf('b')] })
  const eventsOf = (observed: Observed) =>
    decideRun(observed).events.map(({ reason, message }) => `${reason}: ${message}`)

  it('tells that it is held, and that it goes on again', () => {
    assert.deepEqual(eventsOf(suspended), ['Suspended: suspended; 1 running step is left to finish'])
    const held = next(suspended)
    const resumed = { ...held, run: { ...held.run, spec: {} } }
    assert.deepEqual(eventsOf(resumed), ['Running: goes on after it was suspended'])
    assert.deepEqual(eventsOf(next(resumed)), [])
  })

  it('gives no duration to a run that was never started', () => {
    const { status } = decideRun(beforeStart({ spec: { cancel: true } }))
    assert.deepEqual([status.phase, status.duration, status.finishedAt], ['Cancelled', undefined, iso(NOW)])
  })

  it('has names that are in the order of events, by which kubectl shows them', () => {
    const about = { kind: 'ETLRun', name: 'daily', namespace: 'etl', uid: 'u', resourceVersion: '1' } as const
    const event = { type: 'Normal', reason: 'Started', message: 'x' } as const
    const ids = ['ffffffff-ffff-4fff', '00000000-0000-4000', '77777777-7777-4777']
    const names = ids.map((id, i) => eventObject({ about, event, instance: 'i', now: NOW + i, id }).metadata.name)
    assert.deepEqual(names.toSorted(), names)
    assert.match(names[0] ?? '', /^[a-z0-9][a-z0-9.-]*[a-z0-9]$/)
  })
})

describe('a run that is made with restarts', () => {
  it('takes account of them at its start: they ask for nothing', () => {
    assert.equal(decideRun(beforeStart({ spec: { restarts: 3 } })).status.restarts, 3)
    assert.equal(decideRun(beforeStart({ spec: { restarts: 3, cancel: true } })).status.restarts, 3)
  })

  it('starts when it was cancelled before that, and is asked to go on', () => {
    const cancelled = next(beforeStart({ spec: { restarts: 1, cancel: true } }))
    const asked = { ...cancelled.run, spec: { restarts: 2 } }
    const { status, actions } = decideRun({ ...cancelled, run: asked })
    assert.deepEqual([status.phase, status.restarts, status.finishedAt], ['Running', 2, undefined])
    assert.ok(actions.some(({ kind }) => kind === 'createJob'))
    assert.equal(
      decideRun({ ...cancelled, run: { ...cancelled.run, spec: { restarts: 1 } } }).status.phase,
      'Cancelled',
    )
  })
})
