// What a worker does when, by the clock of the test.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANSWER_MS, leaseKey, unpackOutcome } from '../../src/dispatch/index.ts'
import { HEARTBEAT_MS, idOf, LEASE_MS, lease, none, outcome, Rig, renewed, settled } from './worker-rig.ts'

const version = 1
const a = idOf('a')

/** What the operator is told of the step. */
function told(rig: Rig) {
  const { message } = rig.act('report')
  return unpackOutcome(message.id, message.outcome)
}

describe('a free worker', () => {
  it('asks for work once, and again when there was none', () => {
    const rig = new Rig()
    assert.deepEqual(rig.due(), ['ask'])
    assert.deepEqual(rig.after(60_000), [])
    rig.state.work(1, none(), rig.now)
    assert.deepEqual(rig.due(), ['ask'])
  })

  it('asks later and later when nobody answers, and at once when the broker is back', () => {
    const rig = new Rig()
    const pauses: number[] = []
    rig.due()
    for (let i = 0; i < 6; i++) {
      rig.state.noWork(rig.act('ask').ask, { forbidden: false }, rig.now)
      pauses.push(rig.state.nextDue() - rig.now)
      rig.after(pauses.at(-1) ?? 0)
    }
    assert.deepEqual(pauses, [200, 400, 800, 1600, 2000, 2000])
    rig.state.noWork(rig.act('ask').ask, { forbidden: false }, rig.now)
    rig.state.connected(rig.now)
    assert.deepEqual(rig.due(), ['ask'])
  })

  it('asks again when it is told that nobody holds what it asked', () => {
    const rig = new Rig()
    rig.due()
    rig.state.notice({ version, kind: 'ask', epoch: 2 }, rig.now)
    assert.deepEqual(rig.due(), ['ask'])
    rig.take(a, 2)
    rig.state.notice({ version, kind: 'ask', epoch: 3 }, rig.now)
    assert.deepEqual(rig.due(), [], 'it has a step')
    assert.equal(rig.after(HEARTBEAT_MS).length, 1)
    assert.equal(rig.act('heartbeat').message.epoch, 3)
  })

  it('asks only while its engine stands ready', () => {
    const rig = new Rig()
    rig.state.engine(false)
    assert.deepEqual(rig.due(), [])
    rig.state.engine(true)
    assert.deepEqual(rig.due(), ['ask'])
  })

  it('waits when it is refused, or forbidden to ask', () => {
    for (const refuse of [
      (rig: Rig) => rig.state.work(1, { version: 2, kind: 'refused', message: 'no' }, rig.now),
      (rig: Rig) => rig.state.noWork(1, { forbidden: true }, rig.now),
    ]) {
      const rig = new Rig()
      rig.due()
      refuse(rig)
      assert.equal(rig.state.nextDue() - rig.now, 5_000)
    }
  })

  it('takes a lease that answers an earlier request', () => {
    const rig = new Rig()
    rig.due()
    rig.state.connected(rig.now)
    rig.due()
    rig.state.work(1, lease(a), rig.now)
    assert.deepEqual(rig.due(), ['heartbeat', 'start'])
  })

  it('takes no lease of an operator that has been deposed', () => {
    const rig = new Rig()
    rig.take(a, 7)
    rig.state.ended(outcome('a'), rig.now)
    rig.due()
    rig.state.settled(leaseKey(a), settled(7), rig.now)
    assert.deepEqual(rig.take(idOf('b'), 6), [])
    assert.equal(rig.state.running, undefined)
  })

  it('says that a lease was damaged, or meant for another step', () => {
    for (const task of ['damaged', (lease(idOf('b')) as { task: string }).task]) {
      const rig = new Rig()
      rig.due()
      rig.state.work(1, { ...lease(a), task } as ReturnType<typeof lease>, rig.now)
      assert.deepEqual(rig.due(), ['report', 'ask'])
      assert.equal(told(rig)?.error?.code, 'CorruptPlan')
    }
  })
})

describe('a worker with a step', () => {
  it('renews at once, and may commit from the answer on until shortly before the operator gives the step to others', () => {
    const rig = new Rig()
    const start = rig.now
    assert.deepEqual(rig.take(a), ['heartbeat', 'start'])
    rig.now += 40
    assert.deepEqual(rig.renew(), ['mayCommit'])
    assert.deepEqual(rig.act('mayCommit').until, start + 0.9 * LEASE_MS)
    assert.deepEqual(rig.after(HEARTBEAT_MS - 40), ['heartbeat'])
  })

  it('renews sooner again while nobody answers', () => {
    const rig = new Rig()
    rig.take(a)
    assert.deepEqual(rig.after(HEARTBEAT_MS / 4), ['heartbeat'])
    rig.renew()
    assert.deepEqual(rig.after(HEARTBEAT_MS), ['heartbeat'])
    rig.state.noRenewal(leaseKey(a), rig.now)
    assert.deepEqual(rig.after(HEARTBEAT_MS / 4), ['heartbeat'])
  })

  it('stops it when the lease has run out, and tells only of what was done before', () => {
    for (const [state, isTold] of [
      ['Cancelled', false],
      ['Succeeded', true],
      ['Failed', true],
    ] as const) {
      const rig = new Rig()
      rig.take(a)
      rig.renew()
      rig.now += LEASE_MS
      assert.ok(rig.due().includes('abort'))
      assert.equal(rig.act('abort').reason, 'lost')
      assert.deepEqual(rig.after(HEARTBEAT_MS), [])
      assert.equal(rig.state.ended(outcome('a', state), rig.now), isTold)
    }
  })

  it('may commit nothing by an answer that comes after the lease was given up', () => {
    const rig = new Rig()
    rig.take(a)
    const { key, sentAt } = rig.act('heartbeat')
    rig.after(LEASE_MS)
    rig.state.renewal({ key, sentAt: sentAt + LEASE_MS }, renewed())
    assert.deepEqual(rig.due(), [])
  })

  it('believes no answer of an operator that has been deposed', () => {
    const rig = new Rig()
    rig.take(a, 7)
    assert.deepEqual(rig.renew(renewed(6)), [])
    assert.deepEqual(rig.renew({ version, kind: 'stop', epoch: 6, reason: 'cancelled' }), [])
    assert.deepEqual(rig.renew(renewed(8)), ['mayCommit'])
    assert.equal(rig.after(HEARTBEAT_MS).length, 1)
    assert.equal(rig.act('heartbeat').message.epoch, 8)
  })

  it('forgets an operator that is silent for the time of a lease: the next one may have a clock that is behind', () => {
    const rig = new Rig()
    rig.take(a, 8)
    rig.renew(renewed(8))
    rig.after(LEASE_MS - 1)
    assert.equal(rig.act('heartbeat').message.epoch, 8)
    rig.state.ended(outcome('a'), rig.now)
    rig.after(1)
    assert.equal(rig.act('report').message.epoch, 0)
  })
  it('stops it when told so, by an answer or a notice, and goes on to renew until it has ended', () => {
    const byNotice = new Rig()
    byNotice.take(a)
    byNotice.state.notice({ version, kind: 'stop', epoch: 1, id: idOf('a', 2), reason: 'cancelled' }, byNotice.now)
    assert.deepEqual(byNotice.due(), [], 'it was meant for another try')
    byNotice.state.notice({ version, kind: 'stop', epoch: 1, id: a, reason: 'cancelled' }, byNotice.now)
    assert.deepEqual(byNotice.due(), ['abort'])
    const byAnswer = new Rig()
    byAnswer.take(a)
    assert.deepEqual(byAnswer.renew({ version, kind: 'stop', epoch: 1, reason: 'cancelled' }), ['abort'])
    for (const rig of [byNotice, byAnswer]) {
      assert.deepEqual(rig.after(HEARTBEAT_MS), ['heartbeat'])
      assert.deepEqual(rig.renew({ version, kind: 'stop', epoch: 1, reason: 'cancelled' }), [], 'it knows')
      rig.state.ended(outcome('a', 'Cancelled'), rig.now)
      assert.deepEqual(rig.due(), ['report', 'ask'])
      assert.equal(told(rig)?.state, 'Cancelled')
    }
  })

  it('tells of a step that took too long as failed, unless it was done by then', () => {
    for (const [state, expected] of [
      ['Cancelled', ['Failed', 'TimedOut']],
      ['Succeeded', ['Succeeded', undefined]],
    ] as const) {
      const rig = new Rig()
      rig.take(a)
      rig.renew({ version, kind: 'stop', epoch: 1, reason: 'timedOut' })
      rig.state.ended(outcome('a', state), rig.now)
      rig.due()
      assert.deepEqual([told(rig)?.state, told(rig)?.error?.code], expected)
    }
  })

  it('tells nothing of a step that others have by now', () => {
    const rig = new Rig()
    rig.take(a)
    rig.renew({ version, kind: 'stop', epoch: 1, reason: 'superseded' })
    assert.deepEqual(rig.after(LEASE_MS), [], 'neither does it renew')
    assert.equal(rig.state.ended(outcome('a'), rig.now), false)
    assert.deepEqual(rig.due(), ['ask'])
  })

  it('lets a further lease pass', () => {
    const rig = new Rig()
    rig.take(a)
    rig.state.work(1, lease(idOf('b')), rig.now)
    assert.deepEqual(rig.due(), [])
    assert.deepEqual(rig.state.running, a)
  })
})

describe('an outcome', () => {
  it('is told before the next request for work, and again until it is settled', () => {
    const rig = new Rig()
    rig.take(a)
    rig.state.ended(outcome('a'), rig.now)
    assert.deepEqual(rig.due(), ['report', 'ask'])
    assert.equal(told(rig)?.state, 'Succeeded')
    assert.deepEqual(rig.after(ANSWER_MS), ['report'])
    rig.state.connected(rig.now)
    assert.deepEqual(rig.due(), ['report', 'ask'])
    rig.state.settled(leaseKey(a), settled(0), rig.now)
    assert.equal(rig.state.unsettled, 1, 'a deposed operator settles nothing')
    rig.state.settled(leaseKey(a), settled(), rig.now)
    assert.equal(rig.state.unsettled, 0)
    assert.deepEqual(rig.after(ANSWER_MS), [])
  })

  it('waits longer when it is refused', () => {
    const rig = new Rig()
    rig.take(a)
    rig.state.ended(outcome('a'), rig.now)
    rig.due()
    rig.state.settled(leaseKey(a), { version: 2, kind: 'refused', message: 'no' }, rig.now)
    assert.deepEqual(rig.after(ANSWER_MS), [])
    assert.deepEqual(rig.after(5_000 - ANSWER_MS), ['report'])
  })

  it('is told again, and the step not run again, when the same lease comes once more', () => {
    const rig = new Rig()
    rig.take(a)
    rig.state.ended(outcome('a'), rig.now)
    rig.due()
    assert.deepEqual(rig.take(a), ['report', 'ask'])
  })
})

describe('a worker that is to end', () => {
  it('takes its request for work back, and lets a lease that comes all the same pass', () => {
    const rig = new Rig()
    rig.due()
    rig.state.drain()
    assert.deepEqual(rig.due(), ['leave'])
    rig.state.work(1, lease(a), rig.now)
    assert.deepEqual(rig.due(), [])
    assert.equal(rig.state.isDone, true)
  })

  it('finishes its step and waits until that is settled', () => {
    const rig = new Rig()
    rig.take(a)
    rig.state.drain()
    assert.deepEqual(rig.due(), [])
    rig.state.ended(outcome('a'), rig.now)
    assert.deepEqual(rig.due(), ['report'])
    assert.equal(rig.state.isDone, false)
    rig.state.settled(leaseKey(a), settled(), rig.now)
    assert.equal(rig.state.isDone, true)
  })

  it('stops its step when there is no time left, and tells that', () => {
    const rig = new Rig()
    rig.take(a)
    rig.state.drain()
    rig.state.giveUp()
    assert.deepEqual(rig.due(), ['abort'])
    rig.state.ended(outcome('a', 'Cancelled'), rig.now)
    assert.deepEqual(rig.due(), ['report'])
    assert.equal(told(rig)?.state, 'Cancelled')
  })
})
