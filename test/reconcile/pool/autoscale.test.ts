// How many workers a pool gets, as the work comes and goes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Scale, type ScaleInput, scaled } from '../../../src/reconcile/pool/autoscale.ts'

const COOL_DOWN = 120_000
const input = (more: Partial<ScaleInput>): ScaleInput => ({
  now: 1_000_000,
  min: 0,
  max: 10,
  coolDownMs: COOL_DOWN,
  replicas: 0,
  busy: 0,
  backlog: 0,
  isUncertain: false,
  ...more,
})

/** A pool over time: what is wanted is what there is at the next look. */
function play(fixed: Pick<ScaleInput, 'min' | 'max'>, looks: { afterMs: number; busy: number; backlog: number }[]) {
  let now = 0
  let last: Scale = { desired: 0 }
  return looks.map(({ afterMs, busy, backlog }) => {
    now += afterMs
    const replicas = last.desired
    last = scaled(
      input({
        ...fixed,
        now,
        busy,
        backlog,
        replicas,
        ...(last.surplus === undefined ? {} : { surplus: last.surplus }),
      }),
    )
    return { now, replicas, busy, backlog, ...last }
  })
}

const looksOf = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: COOL_DOWN }), busy: fc.nat(12), backlog: fc.nat(12) }),
  { maxLength: 40 },
)
const limitsOf = fc
  .tuple(fc.nat(10), fc.integer({ min: 1, max: 10 }))
  .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }))

describe('the number of workers', () => {
  it('grows at once to as many as there are steps, and no further than allowed', () => {
    assert.deepEqual(scaled(input({ backlog: 3 })), { desired: 3 })
    assert.deepEqual(scaled(input({ replicas: 3, busy: 3, backlog: 2 })), { desired: 5 })
    assert.deepEqual(scaled(input({ backlog: 300 })), { desired: 10 })
    assert.deepEqual(scaled(input({ min: 2 })), { desired: 2 })
  })

  it('shrinks when they have been too many for the cool-down, to as many as were needed at most meanwhile', () => {
    const first = scaled(input({ replicas: 5, busy: 1 }))
    assert.deepEqual(first, {
      desired: 5,
      surplus: { since: 1_000_000, needed: 1 },
      dueAt: 1_000_000 + COOL_DOWN,
    })
    const peak = scaled(input({ now: 1_050_000, replicas: 5, busy: 3, surplus: { since: 1_000_000, needed: 1 } }))
    assert.deepEqual(peak.surplus, { since: 1_000_000, needed: 3 })
    const due = { now: 1_000_000 + COOL_DOWN, replicas: 5, busy: 1 }
    assert.equal(scaled(input({ ...due, surplus: { since: 1_000_000, needed: 3 } })).desired, 3)
    assert.equal(scaled(input({ ...due, surplus: { since: 1_000_000, needed: 1 } })).desired, 1)
  })

  it('goes on shrinking for as long as workers are on their way out', () => {
    const surplus = { since: 0, needed: 1 }
    assert.equal(scaled(input({ replicas: 5, busy: 1, surplus })).desired, 1)
    assert.equal(scaled(input({ replicas: 2, busy: 1, surplus })).desired, 1)
    assert.deepEqual(scaled(input({ replicas: 1, busy: 1, surplus })), { desired: 1 })
  })

  it('starts a new cool-down from each size', () => {
    const { desired, surplus } = scaled(input({ replicas: 3, busy: 0, surplus: { since: 0, needed: 3 } }))
    assert.equal(desired, 3)
    assert.deepEqual(surplus, { since: 1_000_000, needed: 0 })
  })

  it('does not shrink while it is not known who does what', () => {
    const surplus = { since: 0, needed: 0 }
    const { desired, dueAt } = scaled(input({ replicas: 5, isUncertain: true, surplus }))
    assert.deepEqual([desired, dueAt], [5, 1_000_000])
    assert.equal(scaled(input({ replicas: 5, busy: 5, backlog: 1, isUncertain: true })).desired, 6)
  })

  it('obeys a lower limit at once', () => {
    assert.equal(scaled(input({ replicas: 8, busy: 8, max: 2 })).desired, 2)
    assert.equal(scaled(input({ replicas: 8, max: 2 })).desired, 2)
  })

  it('is never below the least nor above the most', () => {
    fc.assert(
      fc.property(limitsOf, looksOf, fc.nat(20), (limits, looks, replicas) => {
        const first = scaled(input({ ...limits, replicas }))
        for (const { desired } of [first, ...play(limits, looks)])
          assert.ok(desired >= limits.min && desired <= limits.max, `${desired}`)
      }),
    )
  })

  it('is enough for the steps, wherever the limits let it', () => {
    fc.assert(
      fc.property(limitsOf, looksOf, (limits, looks) => {
        for (const { desired, busy, backlog } of play(limits, looks))
          assert.ok(desired >= Math.min(limits.max, busy + backlog))
      }),
    )
  })

  it('does not flap: within a cool-down after it was last needed, a worker stays', () => {
    fc.assert(
      fc.property(limitsOf, looksOf, (limits, looks) => {
        const seen = play(limits, looks)
        for (const [i, { now, replicas, desired }] of seen.entries()) {
          if (desired >= replicas) continue
          const recent = seen.slice(0, i + 1).filter((look) => look.now > now - COOL_DOWN)
          const needed = recent.map((look) => Math.min(limits.max, Math.max(limits.min, look.busy + look.backlog)))
          assert.ok(desired >= Math.max(...needed), `${desired} after ${needed.join(', ')}`)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('settles: with the same work it comes to rest where that work needs it', () => {
    fc.assert(
      fc.property(limitsOf, looksOf, fc.nat(12), (limits, looks, busy) => {
        const rest = Array.from({ length: 4 }, () => ({ afterMs: COOL_DOWN, busy, backlog: 0 }))
        const last = play(limits, [...looks, ...rest]).at(-1)
        assert.equal(last?.desired, Math.min(limits.max, Math.max(limits.min, busy)))
      }),
    )
  })
})
