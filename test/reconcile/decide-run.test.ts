// The rules of a decision: which they are, in which order, and what each says.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Problem } from '../../src/compile/index.ts'
import { decideRun, FINALIZER, type Observed, RULES } from '../../src/reconcile/index.ts'
import { aRun, beforeStart, iso, jobOf, NOW, planWith, podOf, started, stored, told } from './builder.ts'

/** `phase/reason`, and the kinds of the actions. */
function summary(observed: Observed): string {
  const { status, actions } = decideRun(observed)
  return [`${status.phase}/${status.reason}`, ...actions.map(({ kind }) => kind)].join(' ')
}

const nameOfRule = (observed: Observed) => RULES.find((rule) => rule(observed) !== undefined)?.name
const problem: Problem = {
  code: 'UnknownTable',
  severity: 'error',
  path: 'spec.x',
  message: 'no such table',
  hint: 'name another',
} as never
const waiting = { state: 'waiting', reason: 'PipelineNotFound', message: 'ETLPipeline "x" does not exist' } as const
const lost = { state: 'lost', message: 'cannot go on: the plan is gone' } as const
/** Digits that no compression makes short. */
const noise = Array.from({ length: 130_000 }, (_, i) => Math.sin(i)).join()
const tooLarge = () => {
  const { plan, binding, pods } = stored(planWith('a'))
  return { state: 'compiled', plan, binding: { ...binding, files: { noise } }, pods } as const
}

describe('the order of the rules', () => {
  it('is this', () => {
    assert.deepEqual(
      RULES.map(({ name }) => name),
      [
        'beingDeleted',
        'restarted',
        'finished',
        'cancelledBeforeStart',
        'suspendedBeforeStart',
        'referenceMissing',
        'doesNotCompile',
        'denied',
        'planTooLarge',
        'start',
        'planLost',
        'stopped',
        'goOn',
      ],
    )
  })

  const deletion = { deletedAt: NOW - 1000, finalizers: [FINALIZER] }
  const failed = { phase: 'Failed', reason: 'StepFailed', finishedAt: iso(NOW - 9_000) } as const
  const done = { phase: 'Succeeded', reason: 'Succeeded', finishedAt: iso(NOW - 9_000) } as const
  const precedence: [why: string, observed: Observed, rule: string][] = [
    [
      'a deleted run is not started again',
      started('F', { metadata: deletion, spec: { restarts: 1 }, status: failed }),
      'beingDeleted',
    ],
    [
      'a failed run that is asked to go on does so, though its time to live is over',
      started('F', { spec: { restarts: 1, ttlAfterFinished: '1s' }, status: failed }),
      'restarted',
    ],
    [
      'a deleted run is let go even when it has finished: its finalizer must come off',
      started('S', { metadata: deletion, status: done }),
      'beingDeleted',
    ],
    ['a deleted run starts nothing', beforeStart({ metadata: deletion }), 'beingDeleted'],
    ['a finished run is not cancelled afterwards', started('S', { spec: { cancel: true }, status: done }), 'finished'],
    ['a finished run does not miss its plan', started('S', { status: done, fact: lost }), 'finished'],
    [
      'cancel goes before suspend: a run that is both ends',
      beforeStart({ spec: { cancel: true, suspend: true } }),
      'cancelledBeforeStart',
    ],
    ['cancel needs no pipeline', beforeStart({ spec: { cancel: true }, fact: waiting }), 'cancelledBeforeStart'],
    [
      'a suspended run does not run out of time waiting for its pipeline',
      beforeStart({ spec: { suspend: true }, fact: waiting }),
      'suspendedBeforeStart',
    ],
    [
      'what the storage denies is told before the size of the plan: nothing is made of a denied run',
      beforeStart({ spec: { step: { image: 'x' } }, fact: tooLarge() }),
      'denied',
    ],
    ['a plan that does not fit is never started', beforeStart({ fact: tooLarge() }), 'planTooLarge'],
    [
      'a lost plan goes before cancel: without it nobody knows what runs',
      started('R', { spec: { cancel: true }, fact: lost }),
      'planLost',
    ],
    ['cancel goes before the next step', started('S.', { spec: { cancel: true } }), 'stopped'],
  ]
  for (const [why, observed, rule] of precedence)
    it(why, () => {
      assert.equal(nameOfRule(observed), rule)
    })
})

describe('a run that is being deleted', () => {
  const metadata = { deletedAt: NOW - 1000, finalizers: ['other/one', FINALIZER] }
  const deciding = (parts: Parameters<typeof started>[1] = {}) => {
    const { actions, lookAgainMs, events } = decideRun(started('R', { metadata, ...parts }))
    return { kinds: actions.map(({ kind }) => kind), lookAgainMs, events: events.map(({ reason }) => reason) }
  }
  const cases: [why: string, parts: Parameters<typeof started>[1], kinds: string[], events: string[]][] = [
    ['without our finalizer needs nothing', { metadata: { deletedAt: NOW } }, [], []],
    ['stops its Jobs first', { jobs: [jobOf('a')] }, ['deleteJob'], []],
    ['does not stop a Job that is going already', { jobs: [jobOf('a', { deleting: true })] }, [], []],
    ['waits for pods that still run', { pods: [podOf('a')] }, [], []],
    ['then has its temps removed', {}, ['createCleanUp'], []],
    ['waits for the clean-up', { cleanUp: { state: 'active' } }, [], []],
    ['goes when it is clean', { cleanUp: { state: 'complete' } }, ['removeFinalizer'], []],
    [
      'goes with a warning when it could not be cleaned',
      { cleanUp: { state: 'failed' } },
      ['removeFinalizer'],
      ['CleanUpFailed'],
    ],
    [
      'goes with a warning when nobody knows where its temps lie',
      { fact: lost },
      ['removeFinalizer'],
      ['CleanUpFailed'],
    ],
    [
      'goes with a warning after ten minutes',
      { now: NOW + 600_000, jobs: [jobOf('a')] },
      ['removeFinalizer'],
      ['CleanUpFailed'],
    ],
  ]
  for (const [why, parts, kinds, events] of cases)
    it(why, () => {
      const decided = deciding(parts)
      assert.deepEqual([decided.kinds, decided.events], [kinds, events])
    })

  it('keeps the status that it had', () => {
    const observed = started('R', { metadata })
    assert.equal(decideRun(observed).status, observed.run.status)
  })
})

describe('a finished run', () => {
  const status = { phase: 'Failed', reason: 'StepFailed', message: 'x', finishedAt: iso(NOW - 60_000) } as const
  it('is left alone for ever without a time to live', () => {
    const observed = started('F', { status, jobs: [jobOf('a')] })
    const decision = decideRun(observed)
    const leases = { wanted: [], seen: [], final: true }
    assert.deepEqual(decision, { actions: [], events: [], leases, status: observed.run.status })
  })
  it('is looked at again when its time is over, and deleted then', () => {
    const spec = { ttlAfterFinished: '90s' }
    assert.equal(decideRun(started('F', { status, spec })).lookAgainMs, 30_000)
    assert.deepEqual(decideRun(started('F', { status, spec, now: NOW + 30_000 })).actions, [{ kind: 'deleteRun' }])
  })
  it('acknowledges a spec that is changed afterwards, in all its conditions, and changes nothing else', () => {
    const ended = decideRun(started('R', { pods: [told('a', { kind: 'invalid' })] })).status
    const spec = { ttlAfterFinished: '1h' }
    const changed = started('F', { status: ended, spec, metadata: { generation: 2 }, now: NOW + 5000 })
    const { status: seen, events, actions } = decideRun(changed)
    const conditions = ended.conditions?.map((condition) => ({ ...condition, observedGeneration: 2 }))
    assert.deepEqual(seen, { ...ended, observedGeneration: 2, conditions })
    assert.deepEqual([events, actions], [[], []])
    const late = decideRun(started('F', { status: ended, spec, metadata: { generation: 2 }, now: NOW + 4e6 }))
    assert.deepEqual([late.actions, late.status], [[{ kind: 'deleteRun' }], ended])
  })
  it('that was refused before its start is looked at anew when its spec has changed, and only then', () => {
    const refused = { phase: 'Failed', reason: 'InvalidPipeline', observedGeneration: 1, finishedAt: iso(NOW) } as const
    assert.equal(summary(beforeStart({ status: refused })), 'Failed/InvalidPipeline')
    const changed = beforeStart({ status: refused, metadata: { generation: 2 } })
    assert.equal(summary(changed), 'Running/Started createPlan createJob')
    assert.equal(decideRun(changed).status.finishedAt, undefined)
  })
})

describe('a run that has not started', () => {
  it('is cancelled, or held, without a plan', () => {
    assert.equal(summary(beforeStart({ fact: waiting, spec: { cancel: true } })), 'Cancelled/Cancelled')
    assert.equal(summary(beforeStart({ fact: waiting, spec: { suspend: true } })), 'Suspended/Suspended')
  })
  it('waits for what it names, up to ten minutes after it was made', () => {
    const decision = decideRun(beforeStart({ fact: waiting }))
    assert.equal(decision.status.phase, 'Pending')
    assert.equal(decision.lookAgainMs, 9 * 60_000)
    const later = decideRun(beforeStart({ fact: waiting, now: NOW + 9 * 60_000 }))
    assert.equal(later.status.phase, 'Failed')
    assert.match(later.status.message ?? '', /waited 10 minutes/)
  })
  it('that does not compile tells all problems with their way out, and no warnings', () => {
    const warning = { ...problem, severity: 'warning', message: 'a warning' } as const
    const { status } = decideRun(beforeStart({ fact: { state: 'problems', problems: [problem, warning, problem] } }))
    assert.equal(status.reason, 'InvalidPipeline')
    assert.equal(status.message, Array(2).fill('UnknownTable at spec.x: no such table; name another').join('\n'))
  })
  it('that asks for what its storage does not allow is denied', () => {
    assert.equal(summary(beforeStart({ spec: { step: { image: 'mine' } } })), 'Failed/Denied')
  })
  it('with a plan that no ConfigMap can hold fails', () => {
    assert.equal(summary(beforeStart({ fact: tooLarge() })), 'Failed/PlanTooLarge')
  })
  it('with more steps than the status has characters for fails', () => {
    const many = planWith(Array.from({ length: 10_001 }, (_, i) => `s${i}`).join('|'))
    assert.match(decideRun(beforeStart({ plan: many })).status.message ?? '', /10001 steps, more than 10000/)
  })
  it('starts: the plan first, then the first steps, as many as it may', () => {
    const spec = { dispatch: { maxParallel: 2 } }
    const { actions, status } = decideRun(beforeStart({ plan: planWith('a|b|c', 'd'), spec }))
    assert.deepEqual(
      actions.map((action) => (action.kind === 'createJob' ? action.of.step : action.kind)),
      ['createPlan', 'a', 'b'],
    )
    assert.equal(status.stepStates, 'RR..')
    assert.equal(status.progress, '0/4')
    assert.equal(status.runId, 'uid-1')
  })
  it('with temps gets the finalizer before anything is made, once', () => {
    const plan = planWith('a')
    const [step] = plan.stages[0]?.[0]?.stages[0] ?? []
    assert.ok(step)
    step.target = { kind: 'temp', name: 'x', scope: 'run' } as never
    assert.equal(summary(beforeStart({ plan })), 'Running/Started addFinalizer createPlan createJob')
    const again = beforeStart({ plan, metadata: { finalizers: [FINALIZER] } })
    assert.equal(summary(again), 'Running/Started createPlan createJob')
  })
})

describe('a run that has lost its plan', () => {
  it('stops what runs, then fails, and its steps say so', () => {
    assert.equal(summary(started('SR.', { fact: lost, jobs: [jobOf('b')] })), 'Running/Stopping deleteJob')
    const { status } = decideRun(started('SR.', { fact: lost }))
    assert.deepEqual([status.phase, status.reason, status.stepStates], ['Failed', 'PlanLost', 'SCK'])
  })
})

describe('a run that is stopped', () => {
  const spec = { cancel: true }
  it('tells its Jobs to go and waits until nothing runs', () => {
    assert.equal(summary(started('SR.', { spec, jobs: [jobOf('b')] })), 'Running/Stopping deleteJob')
    assert.equal(summary(started('SR.', { spec, pods: [podOf('b')] })), 'Running/Stopping')
  })
  it('is Cancelled then; what ran is cancelled, what waited is skipped', () => {
    const { status } = decideRun(started('SR.', { spec }))
    assert.deepEqual([status.phase, status.stepStates, status.conditions?.[0]?.status], ['Cancelled', 'SCK', 'False'])
  })
  it('keeps an outcome that came after all', () => {
    const { status } = decideRun(started('SR.', { spec, pods: [told('b')], jobs: [jobOf('b', { state: 'complete' })] }))
    assert.equal(status.stepStates, 'SSK')
  })
  it('has succeeded when its last step has', () => {
    assert.equal(summary(started('SS', { spec })), 'Succeeded/Succeeded')
  })
  it('by its own timeout is Failed TimedOut, and not before', () => {
    const late = { timeout: '30s' }
    assert.equal(summary(started('R', { spec: late })), 'Failed/TimedOut')
    const { lookAgainMs } = decideRun(
      started('R', { spec: { timeout: '40s' }, jobs: [jobOf('a')], pods: [podOf('a')] }),
    )
    assert.equal(lookAgainMs, 10_000)
  })
})

describe('a run that goes on', () => {
  it('folds an outcome into its status and starts the next stage in one decision', () => {
    const { status, actions } = decideRun(started('R.', { jobs: [jobOf('a')], pods: [told('a')] }))
    assert.equal(status.stepStates, 'SR')
    assert.deepEqual(actions, [{ kind: 'createJob', of: { process: 'p', step: 'b', attempt: 1, try: 1 } }])
    const [first] = status.steps ?? []
    assert.deepEqual([first?.rows, first?.bytes, first?.tableVersion, first?.durationMs], [10, 99, 3, 1200])
  })
  it('makes its ConfigMap again before the next step when it is gone', () => {
    const plan = planWith('a', 'b')
    const fact = { state: 'stored', ...stored(plan), present: false } as const
    assert.equal(summary(started('S.', { plan, fact })), 'Running/Running createPlan createJob')
  })
  it('tells what keeps a step, and goes on waiting', () => {
    const trouble = { reason: 'Unschedulable', message: 'no node has 64 CPUs' } as const
    const { status, lookAgainMs } = decideRun(started('R', { jobs: [jobOf('a')], pods: [podOf('a', { trouble })] }))
    assert.deepEqual([status.phase, status.reason], ['Running', 'Unschedulable'])
    assert.match(status.message ?? '', /^step "p\/a": no node has 64 CPUs; make room on a node/)
    assert.equal(lookAgainMs, 15 * 60_000 - 20_000)
  })
  it('lets the others of a stage finish when one has failed, and starts no later stage', () => {
    const plan = planWith('a|b', 'c')
    const pods = [told('a', { kind: 'invalid' }), podOf('b')]
    assert.equal(decideRun(started('RR.', { plan, pods, jobs: [jobOf('a'), jobOf('b')] })).status.stepStates, 'FR.')
    const ended = decideRun(started('FR.', { plan, pods: [told('b')], jobs: [jobOf('b')] }))
    assert.deepEqual([ended.status.phase, ended.status.stepStates], ['Failed', 'FSK'])
  })
  it('names the first failure in declared order, and keeps three', () => {
    const plan = planWith('a|b|c|d')
    const pods = ['d', 'c', 'b', 'a'].map((step) => told(step, { kind: 'invalid', message: `bad ${step}` }))
    const { status } = decideRun(started('RRRR', { plan, pods }))
    assert.match(status.message ?? '', /step "p\/a" failed: InvalidInput: bad a/)
    assert.deepEqual(
      status.failures?.map(({ step }) => step),
      ['a', 'b', 'c'],
    )
  })
  it('waits before another attempt, then runs again only what has not succeeded', () => {
    const spec = { retry: { limit: 2, backoff: { initial: '10s' } } }
    const failed = started('SR', {
      spec,
      pods: [told('b', { kind: 'transient' })],
      jobs: [jobOf('b', { state: 'failed' })],
    })
    const first = decideRun(failed)
    assert.deepEqual([first.status.reason, first.status.nextAttemptAt], ['WaitingForRetry', iso(NOW + 10_000)])
    assert.equal(first.lookAgainMs, 10_000)
    const later = decideRun({ ...failed, now: NOW + 10_000, run: { ...failed.run, status: first.status } })
    assert.deepEqual(later.actions, [{ kind: 'createJob', of: { process: 'p', step: 'b', attempt: 2, try: 1 } }])
    assert.deepEqual([later.status.attempt, later.status.stepStates, later.status.nextAttemptAt], [2, 'SR', undefined])
  })
  it('does not try again what was invalid or denied, or when no attempt is left', () => {
    const retry = { limit: 3 }
    for (const kind of ['invalid', 'denied'])
      assert.equal(summary(started('R', { spec: { retry }, pods: [told('a', { kind })] })), 'Failed/StepFailed')
    const status = { attempt: 4 }
    const pods = [{ ...told('a', { kind: 'transient' }), attempt: 4 }]
    assert.equal(
      summary(started('R', { spec: { retry }, status, pods, jobs: [jobOf('a', { attempt: 4 })] })),
      'Failed/StepFailed',
    )
  })
  it('starts nothing while suspended, and lets run what runs', () => {
    const spec = { suspend: true }
    assert.equal(summary(started('S.', { spec })), 'Suspended/Suspended')
    assert.equal(summary(started('SR.', { spec, jobs: [jobOf('b')], pods: [podOf('b')] })), 'Running/Suspended')
  })
  it('tries a disrupted step again at once, under a number of its own', () => {
    const end = { kind: 'disrupted', reason: 'Evicted', message: 'the node was low on memory' } as const
    const { actions, status } = decideRun(
      started('R', { jobs: [jobOf('a', { state: 'failed' })], pods: [podOf('a', { end })] }),
    )
    assert.deepEqual(actions, [{ kind: 'createJob', of: { process: 'p', step: 'a', attempt: 1, try: 2 } }])
    const [detail] = status.steps ?? []
    assert.deepEqual([detail?.state, detail?.try, detail?.disruptions], ['Running', 2, 1])
  })
  it('succeeds when all steps have', () => {
    const { status, events } = decideRun(started('SR', { pods: [told('b')], jobs: [jobOf('b')] }))
    assert.deepEqual([status.phase, status.progress, status.rows], ['Succeeded', '2/2', 10])
    assert.deepEqual(events, [{ type: 'Normal', reason: 'Succeeded', message: 'all 2 steps succeeded' }])
  })
})

it('the same observation always leads to the same decision, and the observation stays as it was', () => {
  const observed = started('R.', { jobs: [jobOf('a')], pods: [told('a')] })
  const before = structuredClone(observed)
  assert.deepEqual(decideRun(observed), decideRun(structuredClone(observed)))
  assert.deepEqual(observed, before)
  assert.equal(aRun().spec.cancel, undefined)
})
