// Steps in the hands of a pool: where they go, what their leases tell, and what becomes of the run.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunSpec, StepStatus } from '../../src/manifest/index.ts'
import { type Decision, decideRun, type LeaseFact, type Observed, type PoolFact } from '../../src/reconcile/index.ts'
import { beforeStart, iso, jobOf, NOW, type ObservedParts, planWith, started } from './builder.ts'

const UP = { state: 'up' } as const
const DOWN = { state: 'down', since: NOW - 31_000 } as const

function aPool(name = 'warm', { workers = 2, spec = {} }: { workers?: number; spec?: object } = {}): PoolFact {
  const metadata = { name, namespace: 'etl', uid: `uid-${name}`, generation: 1, resourceVersion: '1', deleting: false }
  return { pool: { metadata, spec: { replicas: { max: 4 }, ...spec }, status: {} }, workers }
}

const withPools = (pools: PoolFact[], broker: Observed['dispatch']['broker'] = UP, oldLeasesEnd = 0) => ({
  dispatch: { broker, pools, oldLeasesEnd },
})

const mode = (dispatch: RunSpec['dispatch']) => ({ spec: { dispatch } as RunSpec })

const lease = (step: string, more: Partial<LeaseFact> = {}): LeaseFact => ({
  process: 'p',
  step,
  attempt: 1,
  try: 1,
  state: 'leased',
  worker: 'w1',
  ...more,
})

const pooled = (step: string, state: StepStatus['state'], more: Partial<StepStatus> = {}): StepStatus => ({
  process: 'p',
  step,
  state,
  attempt: 1,
  try: 1,
  pool: 'warm',
  since: iso(NOW - 5_000),
  ...more,
})

/** A run of one stage of steps a, b, … in a pool. */
function inPool(stepStates: string, steps: StepStatus[], parts: ObservedParts = {}): Observed {
  const plan = planWith([...stepStates].map((_, i) => String.fromCharCode(97 + i)).join('|'))
  return started(stepStates, { plan, ...withPools([aPool()]), ...parts, status: { steps, ...parts.status } })
}

const jobs = ({ actions }: Decision) =>
  actions.flatMap((action) => (action.kind === 'createJob' ? [action.of.step] : []))
const offered = ({ leases }: Decision) => leases?.wanted.map(({ step, pool }) => `${step} to ${pool}`) ?? []
const reasons = ({ events }: Decision) => events.map(({ reason }) => reason)

describe('where steps go', () => {
  it('is a pool for the members of a group, and a Job for the others, unless told otherwise', () => {
    const decision = decideRun(beforeStart({ plan: planWith('a|b'), ...withPools([aPool()]) }))
    assert.deepEqual([jobs(decision), offered(decision)], [[], ['a to warm', 'b to warm']])
    const alone = decideRun(beforeStart({ plan: planWith('a'), ...withPools([aPool()]) }))
    assert.deepEqual([jobs(alone), offered(alone)], [['a'], []])
  })
  it('is a Job, and nothing is said of it, when the namespace has no pool', () => {
    const decision = decideRun(beforeStart({ plan: planWith('a|b'), ...withPools([]) }))
    assert.deepEqual([jobs(decision), reasons(decision)], [['a', 'b'], ['Started']])
  })
  it('is the Job that was made before a crash, when no pool was known', () => {
    const parts = { plan: planWith('a|b'), ...withPools([aPool()]), jobs: [jobOf('a')] }
    const decision = decideRun(beforeStart(parts))
    assert.deepEqual([jobs(decision), offered(decision)], [['a'], ['b to warm']])
  })
  it('is a Job in mode job, whatever pools there are', () => {
    const decision = decideRun(
      beforeStart({ plan: planWith('a|b'), ...withPools([aPool()]), ...mode({ mode: 'job' }) }),
    )
    assert.deepEqual([jobs(decision), offered(decision)], [['a', 'b'], []])
  })
  it('is a pool for every step in mode nats; then the plan stays in the status, and there is no ConfigMap', () => {
    const decision = decideRun(beforeStart({ ...withPools([aPool()]), ...mode({ mode: 'nats' }) }))
    assert.deepEqual([decision.actions, offered(decision)], [[], ['a to warm']])
    assert.equal(decision.status.stepStates, 'Q')
    assert.equal(typeof decision.status.plan, 'string')
  })
  it('is the first pool that suits, or the one that the run names', () => {
    const pools = [
      aPool('a-paused', { spec: { paused: true } }),
      aPool('b-other', { spec: { storageRef: { name: 'x' } } }),
      aPool('warm'),
    ]
    assert.deepEqual(offered(decideRun(beforeStart({ plan: planWith('a|b'), ...withPools(pools) }))), [
      'a to warm',
      'b to warm',
    ])
    const named = beforeStart({ plan: planWith('a|b'), ...withPools([aPool('x'), aPool('y')]), ...mode({ pool: 'y' }) })
    assert.deepEqual(offered(decideRun(named)), ['a to y', 'b to y'])
  })
  it('is Jobs with a word about it when the pool that was meant can not take them', () => {
    const cases: [PoolFact[], Observed['dispatch']['broker'], RegExp][] = [
      [[], UP, /no ETLWorkerPool "warm"/],
      [[aPool('warm', { spec: { paused: true } })], UP, /paused/],
      [[aPool('warm', { spec: { storageRef: { name: 'other' } } })], UP, /storage "other"/],
      [[aPool()], DOWN, /broker/],
      [[aPool()], { state: 'none' }, /no broker/],
    ]
    for (const [pools, broker, says] of cases) {
      const decision = decideRun(
        beforeStart({ plan: planWith('a|b'), ...withPools(pools, broker), ...mode({ pool: 'warm' }) }),
      )
      assert.deepEqual(jobs(decision), ['a', 'b'], String(says))
      assert.match(decision.events.find(({ reason }) => reason === 'DispatchFallback')?.message ?? '', says)
    }
  })
  it('is nowhere in mode nats without a pool: it waits, says for what, and fails in the end', () => {
    const parts = { plan: planWith('a|b'), ...mode({ mode: 'nats', pool: 'warm' }), ...withPools([]) }
    const waits = decideRun(beforeStart(parts))
    assert.deepEqual(
      [waits.status.phase, waits.status.reason, jobs(waits), offered(waits)],
      ['Running', 'PoolNotFound', [], []],
    )
    assert.equal(waits.lookAgainMs, 600_000)
    const { steps = [] } = waits.status
    const later = started('..', { ...parts, now: NOW + 600_000, status: { steps } })
    const over = decideRun(later)
    assert.deepEqual([over.status.stepStates, over.lookAgainMs], ['FF', 0])
    assert.deepEqual(reasons(over), ['PoolNotFound', 'PoolNotFound'])
    const comes = decideRun(started('..', { ...parts, ...withPools([aPool()]), status: { steps } }))
    assert.deepEqual(offered(comes), ['a to warm', 'b to warm'])
  })
})

describe('a step in the hands of a pool', () => {
  it('is in line until a worker has it', () => {
    const steps = [pooled('a', 'Queued'), pooled('b', 'Queued')]
    const decision = decideRun(inPool('QQ', steps, { leases: [lease('a'), lease('b', { state: 'offered' })] }))
    assert.equal(decision.status.stepStates, 'RQ')
    assert.deepEqual(offered(decision), ['a to warm', 'b to warm'])
  })
  it('succeeds by its outcome, which is then seen', () => {
    const outcome = { process: 'p', step: 'a', state: 'Succeeded' as const, durationMs: 5 }
    const decision = decideRun(
      inPool('R', [pooled('a', 'Running')], { leases: [lease('a', { state: 'ended', outcome })] }),
    )
    assert.equal(decision.status.phase, 'Succeeded')
    assert.deepEqual([decision.leases?.seen.map(({ step }) => step), decision.leases?.final], [['a'], true])
  })
  it('is tried again when its worker was lost, and that counts as a disruption', () => {
    const decision = decideRun(
      inPool('R', [pooled('a', 'Running')], { leases: [lease('a', { state: 'expired', lost: 'LeaseExpired' })] }),
    )
    const [record] = decision.status.steps ?? []
    assert.deepEqual(
      [record?.try, record?.disruptions, jobs(decision)],
      [2, 1, ['a']],
      'alone in its stage, it is a Job now',
    )
    assert.deepEqual(reasons(decision), ['LeaseExpired'])
  })
  it('is tried again without counting when the broker was gone', () => {
    const parts = { leases: [lease('a', { state: 'expired', lost: 'BrokerLost' }), lease('b')] } as const
    const decision = decideRun(
      inPool('RR', [pooled('a', 'Running'), pooled('b', 'Running')], { leases: [...parts.leases] }),
    )
    const [record] = decision.status.steps ?? []
    assert.deepEqual([record?.state, record?.try, record?.disruptions], ['Queued', 2, undefined])
  })
  it('is tried again however often the broker comes and goes, beside the disruptions that count', () => {
    for (const number of [6, 20, 500]) {
      const lost = lease('a', { try: number, state: 'expired', lost: 'BrokerLost' })
      const steps = [pooled('a', 'Running', { try: number, disruptions: 5 }), pooled('b', 'Running')]
      const decision = decideRun(inPool('RR', steps, { leases: [lost, lease('b')] }))
      const [record] = decision.status.steps ?? []
      assert.deepEqual([record?.state, record?.try, record?.disruptions], ['Queued', number + 1, 5])
    }
  })
  it('is tried again when its worker was stopped', () => {
    const outcome = { process: 'p', step: 'a', state: 'Cancelled' as const, durationMs: 5 }
    const decision = decideRun(
      inPool('RR', [pooled('a', 'Running'), pooled('b', 'Running')], {
        leases: [lease('a', { state: 'ended', outcome }), lease('b')],
      }),
    )
    assert.deepEqual(reasons(decision), ['WorkerStopped'])
    assert.equal(decision.status.stepStates, 'QR')
  })
  it('becomes a Job when the broker stays away, but not while a worker has it', () => {
    const steps = [pooled('a', 'Queued'), pooled('b', 'Running')]
    const decision = decideRun(
      inPool('QR', steps, { leases: [lease('a', { state: 'offered' }), lease('b')], ...withPools([aPool()], DOWN) }),
    )
    assert.deepEqual([jobs(decision), offered(decision)], [['a'], ['b to warm']])
    assert.deepEqual(
      decision.status.steps?.map(({ try: number, pool }) => [number, pool]),
      [
        [2, undefined],
        [1, 'warm'],
      ],
    )
    assert.deepEqual(reasons(decision), ['DispatchFallback'])
  })
  it('stays in line while the broker is away for a short time only', () => {
    const broker = { state: 'down', since: NOW - 10_000 } as const
    const decision = decideRun(
      inPool('QQ', [pooled('a', 'Queued'), pooled('b', 'Queued')], withPools([aPool()], broker)),
    )
    assert.deepEqual([jobs(decision), decision.lookAgainMs], [[], 20_000])
  })
  it('does not wait for ever for a pool without workers', () => {
    const steps = [pooled('a', 'Queued', { since: iso(NOW - 600_000) }), pooled('b', 'Queued')]
    const auto = decideRun(inPool('QQ', steps, withPools([aPool('warm', { workers: 0 })])))
    assert.deepEqual(jobs(auto), ['a'])
    const nats = decideRun(
      inPool('QQ', steps, { ...withPools([aPool('warm', { workers: 0 })]), ...mode({ mode: 'nats' }) }),
    )
    assert.equal(nats.status.steps?.[0]?.reason, 'NoWorkers')
  })
  it('is out of reach of what an earlier try says', () => {
    const steps = [pooled('a', 'Queued', { try: 2 }), pooled('b', 'Queued')]
    const outcome = { process: 'p', step: 'a', state: 'Succeeded' as const, durationMs: 5 }
    const decision = decideRun(inPool('QQ', steps, { leases: [lease('a', { state: 'ended', outcome })] }))
    assert.equal(decision.status.stepStates, 'QQ')
  })
})

describe('a run with steps in a pool', () => {
  it('takes back what is in line when it is suspended, and lets workers finish', () => {
    const steps = [pooled('a', 'Running'), pooled('b', 'Queued')]
    const decision = decideRun(
      inPool('RQ', steps, { leases: [lease('a'), lease('b', { state: 'offered' })], spec: { suspend: true } }),
    )
    assert.deepEqual([decision.status.stepStates, offered(decision)], ['R.', ['a to warm']])
    const taken = [pooled('a', 'Running'), pooled('b', 'Pending')]
    const faster = decideRun(inPool('R.', taken, { leases: [lease('a'), lease('b')], spec: { suspend: true } }))
    assert.equal(faster.status.stepStates, 'RR', 'a worker was faster')
  })
  it('stops its workers when it is cancelled, and ends when they have', () => {
    const steps = [pooled('a', 'Running'), pooled('b', 'Queued')]
    const stops = decideRun(inPool('RQ', steps, { leases: [lease('a')], spec: { cancel: true } }))
    assert.deepEqual(
      [stops.status.phase, stops.status.reason, stops.leases?.stop],
      ['Running', 'Stopping', 'cancelled'],
    )
    const outcome = { process: 'p', step: 'a', state: 'Cancelled' as const, durationMs: 5 }
    const ends = decideRun(
      inPool('RQ', steps, { leases: [lease('a', { state: 'ended', outcome })], spec: { cancel: true } }),
    )
    assert.deepEqual([ends.status.phase, ends.status.stepStates], ['Cancelled', 'CK'])
  })
  it('is not finished while a worker may have a lease of an earlier leader', () => {
    const steps = [pooled('a', 'Running')]
    const early = decideRun(inPool('R', steps, { ...withPools([aPool()], UP, NOW + 9_000), spec: { cancel: true } }))
    assert.deepEqual([early.status.phase, early.lookAgainMs], ['Running', 9_000])
    const late = decideRun(inPool('R', steps, { ...withPools([aPool()], UP, NOW), spec: { cancel: true } }))
    assert.equal(late.status.phase, 'Cancelled')
  })
  describe('under a new leader, until it is certain that no worker has a lease of an earlier one', () => {
    const soon = (more: Partial<Observed['dispatch']> = {}) => ({
      dispatch: { broker: UP, pools: [aPool()], oldLeasesEnd: NOW + 5_000, ...more },
    })
    const line = [pooled('a', 'Running'), pooled('b', 'Queued')]

    it('makes no Job of a step in the line', () => {
      const decision = decideRun(inPool('RQ', line, soon({ pools: [] })))
      assert.deepEqual([jobs(decision), decision.status.stepStates, decision.lookAgainMs], [[], 'QQ', 5_000])
      assert.deepEqual(jobs(decideRun(inPool('QQ', line, soon({ pools: [], oldLeasesEnd: NOW })))), ['a', 'b'])
    })

    it('withdraws nothing when it is suspended, but gives out nothing either', () => {
      const decision = decideRun(inPool('RQ', line, { ...soon(), spec: { suspend: true } }))
      assert.deepEqual([decision.leases?.hold, offered(decision)], [true, ['a to warm', 'b to warm']])
      assert.equal(decision.lookAgainMs, 5_000)
      const after = decideRun(inPool('RQ', line, { ...soon({ oldLeasesEnd: NOW }), spec: { suspend: true } }))
      assert.deepEqual([after.status.stepStates, offered(after)], ['..', []])
    })

    it('has workers stopped that are not heard of yet, when it is cancelled', () => {
      const { leases } = decideRun(inPool('RQ', line, { ...soon(), spec: { cancel: true } }))
      assert.deepEqual([leases?.stop, leases?.wanted.map(({ mayBeHeld }) => mayBeHeld)], ['cancelled', [true, true]])
    })
  })
  it('says which steps were put in line just now: those no worker can have', () => {
    const { leases } = decideRun(inPool('R.', [pooled('a', 'Running')], { leases: [lease('a')] }))
    assert.equal(leases?.wanted.find(({ step }) => step === 'a')?.mayBeHeld, true)
    assert.equal(leases?.wanted.find(({ step }) => step === 'b')?.mayBeHeld, false)
  })
  it('puts no more steps in line than the status has details for', () => {
    const names = Array.from({ length: 300 }, (_, i) => `s${i}`).join('|')
    const decision = decideRun(beforeStart({ plan: planWith(names), ...withPools([aPool()]) }))
    assert.equal(decision.leases?.wanted.length, 60)
  })
  it('fails a step that no message can hold, or makes a Job of it', () => {
    const large = () => {
      const plan = planWith('a|b')
      const [step] = plan.stages[0]?.[0]?.stages[0] ?? []
      if (step !== undefined) step.body = { kind: 'sql', sql: ['x'.repeat(800_000)] } as never
      return plan
    }
    assert.deepEqual(jobs(decideRun(beforeStart({ plan: large(), ...withPools([aPool()]) }))), ['a'])
    const nats = decideRun(beforeStart({ plan: large(), ...withPools([aPool()]), ...mode({ mode: 'nats' }) }))
    assert.equal(nats.status.steps?.find(({ step }) => step === 'a')?.reason, 'PlanTooLargeForPool')
  })
})
