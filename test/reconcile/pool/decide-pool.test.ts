// What is done about a pool, rule by rule.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import type { WorkerPoolStatus } from '../../../src/manifest/index.ts'
import { workerPoolStatusSchema } from '../../../src/manifest/index.ts'
import { decidePool, type PoolDecision, type PoolObserved, poolDecisionAfter } from '../../../src/reconcile/index.ts'
import { POOL_RULES } from '../../../src/reconcile/pool/decide-pool.ts'
import { actionsOf, load, NOW, observed, pool, running, worker } from './pools.ts'

const conditionsOf = ({ status }: PoolDecision): string =>
  (status.conditions ?? []).map(({ type, status: holds }) => `${type}=${holds}`).join(' ')
const DONE = 'Ready=True Reconciling=False Stalled=False'
const WORKING = 'Ready=True Reconciling=True Stalled=False'
const WAITING = 'Ready=False Reconciling=True Stalled=False'
const STALLED = 'Ready=False Reconciling=False Stalled=True'

const ago = (ms: number) => new Date(NOW - ms).toISOString()
const tooMany = (needed: number): WorkerPoolStatus => ({ surplus: { since: ago(200_000), needed } })

describe('a pool', () => {
  it('is looked at by these rules, in this order', () => {
    assert.deepEqual(
      POOL_RULES.map(({ name }) => name),
      [
        'beingDeleted',
        'invalidPool',
        'natsNotConfigured',
        'storageMissing',
        'nameTaken',
        'denied',
        'paused',
        'firstWorkers',
        'settingsChanged',
        'brokerUnreachable',
        'workersUnavailable',
        'scalingUp',
        'rollingOut',
        'scalingDown',
        'allReady',
      ],
    )
  })

  it('gets a Deployment of as many workers as there are steps', () => {
    const decision = decidePool(observed({ load: load({ backlog: 3 }) }))
    assert.deepEqual(actionsOf(decision), ['createDeployment 3'])
    assert.equal(decision.status.reason, 'ScalingUp')
    assert.equal(decision.status.ready, '0/3')
    assert.deepEqual(decision.events, [
      { type: 'Normal', reason: 'ScaledUp', message: 'from 0 to 3 workers: 0 busy, 3 steps waiting' },
    ])
  })

  it('gets an empty one when nothing is to do, and is ready to grow', () => {
    const first = decidePool(observed())
    assert.deepEqual(actionsOf(first), ['createDeployment 0'])
    const then = decidePool(running(0))
    assert.deepEqual(actionsOf(then), [])
    assert.equal(then.status.message, 'no worker is wanted; up to 4 come when there are steps')
    assert.equal(conditionsOf(then), DONE)
  })

  it('is not ready before the workers that are always wanted are there', () => {
    const always = pool({ replicas: { min: 2, max: 4 } })
    const coming = decidePool(running(2, { pool: always }, { ready: 1 }))
    assert.deepEqual([coming.status.reason, coming.status.ready, conditionsOf(coming)], ['ScalingUp', '1/2', WAITING])
    const there = decidePool(running(2, { pool: always }))
    assert.deepEqual([there.status.message, conditionsOf(there)], ['2 of 2 workers ready', DONE])
  })

  it('grows at once, and stays ready meanwhile', () => {
    const decision = decidePool(running(1, { load: load({ busy: ['w0'], backlog: 2 }) }))
    assert.deepEqual(actionsOf(decision), ['scale 3'])
    assert.deepEqual([decision.status.reason, conditionsOf(decision)], ['ScalingUp', WORKING])
    assert.equal(decision.status.lastScaleTime, ago(0))
  })

  it('is not written for every step: counters wait', () => {
    const status: WorkerPoolStatus = { busy: 1, idle: 0, backlog: 0, countedAt: ago(1_000) }
    const busy = load({ busy: ['w0', 'w1'] })
    const soon = decidePool(running(2, { pool: pool({}, { status }), load: busy }))
    assert.deepEqual([soon.status.busy, soon.status.countedAt, soon.lookAgainMs], [1, ago(1_000), 4_000])
    const old = { ...status, countedAt: ago(5_000) }
    const later = decidePool(running(2, { pool: pool({}, { status: old }), load: busy }))
    assert.deepEqual([later.status.busy, later.status.countedAt], [2, ago(0)])
  })
})

describe('too many workers', () => {
  const three = (more: Partial<PoolObserved> = {}) =>
    running(3, { pool: pool({}, { status: tooMany(1) }), load: load({ busy: ['w1'], idle: ['w0', 'w2'] }), ...more })

  it('are told first, and their pods are marked as the first to go', () => {
    const decision = decidePool(three())
    assert.deepEqual(actionsOf(decision), ['drain w0 w2', 'mark w0', 'mark w2'])
    assert.deepEqual([decision.status.reason, decision.lookAgainMs], ['ScalingDown', 500])
  })

  it('go when all of them know', () => {
    const workers = [worker('w0', { marked: true }), worker('w1'), worker('w2', { marked: true })]
    const told = load({ busy: ['w1'], idle: ['w0', 'w2'], draining: ['w0', 'w2'] })
    const decision = decidePool(three({ workers, load: told }))
    assert.deepEqual(actionsOf(decision), ['scale 1'])
    assert.deepEqual(decision.events, [
      { type: 'Normal', reason: 'ScaledDown', message: 'from 3 to 1 worker: 1 busy, 0 steps waiting' },
    ])
  })

  it('stay when they got a step in between; another goes instead', () => {
    const workers = [worker('w0', { marked: true }), worker('w1'), worker('w2', { marked: true })]
    const caught = load({ busy: ['w0'], idle: ['w1', 'w2'], draining: ['w0', 'w2'] })
    assert.deepEqual(actionsOf(decidePool(three({ workers, load: caught }))), ['drain w1 w2', 'unmark w0', 'mark w1'])
  })

  it('stay when there is work again', () => {
    const workers = [worker('w0', { marked: true }), worker('w1'), worker('w2', { marked: true })]
    const busy = load({ busy: ['w1'], idle: ['w0', 'w2'], draining: ['w0', 'w2'], backlog: 2 })
    assert.deepEqual(actionsOf(decidePool(three({ workers, load: busy }))), ['drain', 'unmark w0', 'unmark w2'])
  })

  it('that are on their way out are not called back', () => {
    const workers = [worker('w0', { marked: true }), worker('w1'), worker('w2', { marked: true })]
    const going = load({ busy: ['w1'], idle: ['w0', 'w2'], draining: ['w0', 'w2'] })
    const decision = decidePool({ ...running(1, { workers, load: going }), workers })
    assert.deepEqual([actionsOf(decision), decision.status.reason], [[], 'ScalingDown'])
  })

  it('that do not get going are the first to go', () => {
    const workers = [worker('w0'), worker('w1'), worker('w2', { ready: false })]
    const status = tooMany(2)
    const idle = load({ busy: ['w1'], idle: ['w0'] })
    const decision = decidePool(running(3, { pool: pool({}, { status }), workers, load: idle }))
    assert.deepEqual(actionsOf(decision), ['drain w2', 'mark w2'])
  })

  it('that nobody has heard of go last, and not before all have had the time to speak', () => {
    const workers = [worker('w0'), worker('w1'), worker('w2')]
    const unheard = (isComplete: boolean) =>
      running(3, { pool: pool({}, { status: tooMany(1) }), workers, load: load({ idle: ['w2'], isComplete }) })
    assert.deepEqual(actionsOf(decidePool(unheard(true))), ['drain w0 w2', 'mark w2', 'mark w0'])
    const early = decidePool(unheard(false))
    assert.deepEqual([actionsOf(early), early.lookAgainMs], [[], 2_000])
    const paused = { pool: pool({ paused: true }), workers, load: load({ isComplete: false, isDown: true }) }
    assert.equal(decidePool(running(3, paused)).lookAgainMs, 2_000, 'no watch tells it')
  })

  it('wait while workers are being replaced', () => {
    const decision = decidePool({ ...three(), deployment: { ...required(three()), updated: 1 } })
    assert.deepEqual([actionsOf(decision), decision.status.reason], [[], 'RollingOut'])
  })
})

const required = ({ deployment }: PoolObserved) => {
  assert.ok(deployment !== undefined)
  return deployment
}

describe('other settings', () => {
  it('of the pool, its storage or the operator replace the workers', () => {
    const now = running(2, { load: load({ busy: ['w0', 'w1'] }) })
    const changes: Partial<PoolObserved>[] = [
      { pool: pool({ resources: { limits: { memory: '8Gi' } } }) },
      { storage: { pods: { serviceAccountName: 'other' } } },
      { storage: { pods: {}, credentials: 'nats' } },
      { nats: { url: 'nats://elsewhere:4222', prefix: 'loom' } },
      { defaults: { image: 'loom:2' } },
    ]
    for (const change of changes) {
      const decision = decidePool({ ...now, ...change })
      assert.deepEqual([actionsOf(decision), decision.status.reason], [['replaceDeployment 2'], 'RollingOut'])
    }
    const other = pool({ scaleDown: { coolDown: '1h' }, replicas: { max: 8 } })
    assert.deepEqual(actionsOf(decidePool({ ...now, pool: other })), [], 'these are not the workers’')
  })
})

describe('a pool that can have no workers', () => {
  const cases: [string, Partial<PoolObserved>, string, string, RegExp][] = [
    [
      'is not as it must be',
      { problems: [PROBLEM()] },
      'InvalidPool',
      STALLED,
      /spec\.replicas: it is no mapping; write/,
    ],
    ['has an operator without a broker', { nats: undefined as never }, 'NatsNotConfigured', STALLED, /--nats/],
    [
      'names no storage that there is',
      { storage: undefined as never },
      'StorageNotFound',
      WAITING,
      /ETLStorage "default"/,
    ],
    [
      'asks for what its storage does not allow',
      { pool: pool({ pod: { image: 'x' } }) },
      'Denied',
      STALLED,
      /image "x" is not allowed/,
    ],
  ]
  for (const [why, more, reason, conditions, message] of cases) {
    it(`because it ${why} says so`, () => {
      const decision = decidePool(observed(more))
      assert.deepEqual(actionsOf(decision), [])
      assert.deepEqual([decision.status.reason, conditionsOf(decision)], [reason, conditions])
      assert.match(decision.status.message ?? '', message)
      assert.deepEqual(
        decision.events.map((event) => event.reason),
        [reason],
      )
    })
  }

  it('because its name is taken says so', () => {
    const decision = decidePool(running(1, {}, { isOurs: false }))
    assert.deepEqual([actionsOf(decision), decision.status.reason], [[], 'NameTaken'])
  })

  it('any more lets those go that it has', () => {
    const denied = running(2, { pool: pool({ pod: { priorityClassName: 'high' } }) })
    assert.deepEqual(actionsOf(decidePool(denied)), ['drain w0 w1', 'mark w0', 'mark w1'])
  })

  it('because it is paused lets them go when they are done, without a cool-down', () => {
    const status = (seen: PoolObserved) => decidePool(seen).status
    const paused = { pool: pool({ paused: true, replicas: { min: 2, max: 4 } }) }
    const idle = running(2, { ...paused, load: load({ busy: ['w0'], idle: ['w1'] }) })
    assert.deepEqual(actionsOf(decidePool(idle)), ['drain w1', 'mark w1'])
    assert.equal(status(idle).message, 'paused by spec.paused; 2 workers on the way out')
    const workers = [worker('w0'), worker('w1', { marked: true })]
    const told = running(2, { ...paused, workers, load: load({ busy: ['w0'], idle: ['w1'], draining: ['w1'] }) })
    assert.deepEqual(actionsOf(decidePool(told)), ['scale 1'])
    const gone = decidePool(running(0, paused))
    assert.deepEqual(
      [gone.status.message, conditionsOf(gone)],
      ['paused by spec.paused', 'Reconciling=False Stalled=False'],
    )
  })

  it('because it is being deleted gives out no steps', () => {
    const { metadata } = pool()
    const going = running(1, { pool: pool({}, { metadata: { ...metadata, deleting: true } }) })
    const decision = decidePool(going)
    assert.deepEqual([actionsOf(decision), decision.events], [['drain w0'], []])
    assert.deepEqual(decision.status, going.pool.status)
  })
})

describe('workers that do not get going', () => {
  it('are told with the reason of the first pod that has one', () => {
    const trouble = { reason: 'ImagePullFailed', message: 'ErrImagePull: no such image' } as const
    const workers = [worker('w0', { ready: false, trouble }), worker('w1')]
    const decision = decidePool(running(2, { workers, load: load({ busy: ['w1'], backlog: 1 }) }, { ready: 1 }))
    assert.deepEqual([decision.status.reason, conditionsOf(decision)], ['WorkersUnavailable', WORKING])
    assert.equal(
      decision.status.message,
      '1 of 2 workers ready; pod "w0": ImagePullFailed: ErrImagePull: no such image',
    )
  })

  it('are looked at again while they start: what is missing is told by no watch', () => {
    const workers = [worker('w0', { ready: false, startingSince: NOW })]
    const starting = decidePool(running(1, { workers, load: load({ backlog: 1 }) }, { ready: 0 }))
    assert.deepEqual([starting.status.reason, starting.lookAgainMs], ['ScalingUp', 4_000])
  })

  it('because of a quota are told with the words of the Deployment', () => {
    const pending = load({ backlog: 1 })
    const decision = decidePool(
      running(1, { workers: [], load: pending }, { ready: 0, total: 0, trouble: 'exceeded quota' }),
    )
    assert.deepEqual(
      [decision.status.message, conditionsOf(decision)],
      ['0 of 1 worker ready; exceeded quota', WAITING],
    )
  })

  it('because the API server refuses their Deployment are told, and tried again', () => {
    const fault = new Fault({ kind: 'denied', code: 'Forbidden', message: 'cannot create Deployment "x": no right' })
    const decision = poolDecisionAfter(fault, observed())
    assert.deepEqual([decision?.status.reason, decision?.lookAgainMs], ['WorkersUnavailable', 15_000])
    const passing = new Fault({ kind: 'conflict', code: 'Conflict', message: 'cannot write' })
    assert.equal(poolDecisionAfter(passing, observed()), undefined)
  })
})

describe('a broker that is not reached', () => {
  it('is told, and nobody is sent away', () => {
    const down = running(3, { pool: pool({}, { status: tooMany(0) }), load: load({ isDown: true, isComplete: false }) })
    const decision = decidePool(down)
    assert.deepEqual(actionsOf(decision), [])
    assert.deepEqual([decision.status.reason, conditionsOf(decision)], ['BrokerUnreachable', WAITING])
  })
})

describe('the status', () => {
  it('is lawful, and keeps its times while nothing changes', () => {
    const before = decidePool(running(2)).status
    assert.ok(workerPoolStatusSchema.safeParse(before).success)
    const again = decidePool(running(2, { now: NOW + 60_000, pool: pool({}, { status: before }) }))
    assert.deepEqual([again.status, again.events, again.actions], [before, [], []])
  })
})

function PROBLEM() {
  const [path, message, hint] = ['spec.replicas', 'it is no mapping', 'write {max: 4}']
  return { code: 'WrongType', severity: 'error', path, message, hint } as const
}
