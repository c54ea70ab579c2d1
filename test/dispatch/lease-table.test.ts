import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  by,
  done,
  idOf,
  LIMITS,
  looks,
  newTable,
  nothing,
  POOL,
  RUN,
  SETTLED,
  seen,
  told,
  want,
} from './lease-scene.ts'

const T = SETTLED

describe('the table of leases', () => {
  test('gives a step to a worker that waits, and to one that comes later', () => {
    const table = newTable()
    assert.deepEqual(told(table.ready(1, by('w1'), T)), [])
    assert.deepEqual(told(table.agree(RUN, { wanted: [want(idOf('a')), want(idOf('b'))], seen: new Set() }, T)), [
      'lease a to 1',
    ])
    assert.deepEqual(told(table.ready(2, by('w2'), T)), ['lease b to 2'])
    assert.deepEqual(told(table.ready(3, by('w3'), T)), [])
  })

  test('gives runs their turns, and the steps of a run in declared order', () => {
    const table = newTable()
    const other = { uid: 'run-2', key: 'etl/other' }
    table.agree(RUN, { wanted: ['a', 'b', 'c'].map((step) => want(idOf(step))), seen: new Set() }, T)
    table.agree(other, { wanted: ['x', 'y'].map((step) => want(idOf(step, { runUid: 'run-2' }))), seen: new Set() }, T)
    const given = [1, 2, 3, 4, 5].flatMap((request) => told(table.ready(request, by(`w${request}`), T)))
    assert.deepEqual(given, ['lease a to 1', 'lease x to 2', 'lease b to 3', 'lease y to 4', 'lease c to 5'])
  })

  test('keeps a run within its bound, and goes on when a step has ended', () => {
    const table = newTable()
    table.agree({ ...RUN, maxParallel: 1 }, { wanted: [want(idOf('a')), want(idOf('b'))], seen: new Set() }, T)
    assert.deepEqual(told(table.ready(1, by('w1'), T)), ['lease a to 1'])
    assert.deepEqual(told(table.ready(2, by('w2'), T)), [])
    const report = { id: idOf('a'), from: by('w1'), outcome: done('a') }
    assert.deepEqual(told(table.outcome(3, report, T)), ['lease b to 2'])
  })

  test('tells a worker that its outcome is settled only when a status holds it', () => {
    const table = newTable()
    const wanted = [want(idOf('a'))]
    table.agree(RUN, { wanted, seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(told(table.outcome(2, { id: idOf('a'), from: by('w1'), outcome: done('a') }, T)), [])
    assert.deepEqual(told(table.agree(RUN, { wanted, seen: new Set() }, T)), [], 'decided before it was known')
    assert.equal(table.factsOf(RUN.uid, T)[0]?.state, 'ended')
    assert.deepEqual(told(table.agree(RUN, { wanted: [], seen: seen(idOf('a')) }, T)), ['settled 2'])
    assert.deepEqual(told(table.outcome(3, { id: idOf('a'), from: by('w1'), outcome: done('a') }, T)), ['settled 3'])
  })

  test('answers the latest of the repeated reports', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    const report = { id: idOf('a'), from: by('w1'), outcome: done('a') }
    table.outcome(2, report, T)
    assert.deepEqual(told(table.outcome(3, report, T)), ['drop 2'])
    assert.deepEqual(told(table.agree(RUN, { wanted: [], seen: seen(idOf('a')) }, T)), ['settled 3'])
  })

  test('offers a step again when the worker never says that it has got it', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(told(table.tick(T + LIMITS.acceptMs - 1)), [])
    table.tick(T + LIMITS.acceptMs)
    assert.deepEqual(told(table.ready(2, by('w2'), T + LIMITS.acceptMs)), ['lease a to 2'])
    const late = table.heartbeat(idOf('a'), by('w1'), T + LIMITS.acceptMs)
    assert.deepEqual(late?.answer, { kind: 'stop', reason: 'superseded' })
  })

  test('renews a lease, and gives it up when it is renewed no more', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(table.heartbeat(idOf('a'), by('w1'), T + 10)?.answer, { kind: 'renewed' })
    table.tick(T + 9 + LIMITS.leaseMs)
    assert.equal(table.factsOf(RUN.uid, T + 9 + LIMITS.leaseMs)[0]?.state, 'leased')
    const over = T + 10 + LIMITS.leaseMs
    assert.deepEqual(looks(table.tick(over)), [0])
    assert.deepEqual(table.factsOf(RUN.uid, over), [
      { process: 'p', step: 'a', attempt: 1, try: 1, state: 'expired', worker: 'w1', lost: 'LeaseExpired' },
    ])
    assert.deepEqual(told(table.ready(2, by('w2'), over)), [], 'the same try is not given out again')
    assert.deepEqual(table.heartbeat(idOf('a'), by('w1'), over)?.answer, { kind: 'stop', reason: 'superseded' })
  })

  test('blames the broker for a lease that could not be renewed because the broker was gone', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    table.heartbeat(idOf('a'), by('w1'), T)
    table.brokerLost(T + 1)
    table.tick(T + LIMITS.leaseMs)
    assert.equal(table.factsOf(RUN.uid, T + LIMITS.leaseMs)[0]?.lost, 'BrokerLost')
  })

  test('forgets held requests when the broker is lost', () => {
    const table = newTable()
    table.ready(1, by('w1'), T)
    table.brokerLost(T)
    assert.deepEqual(told(table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)), [])
    assert.deepEqual(told(table.ready(2, by('w1'), T)), ['lease a to 2'])
  })

  test('answers a held request in the end, and the earlier of two of one worker at once', () => {
    const table = newTable()
    table.ready(1, by('w1'), T)
    assert.deepEqual(told(table.ready(2, by('w1'), T + 5)), ['none 1'])
    assert.deepEqual(told(table.tick(T + LIMITS.holdMs)), [])
    assert.deepEqual(told(table.tick(T + 5 + LIMITS.holdMs)), ['none 2'])
  })

  test('stops what a worker has when the run is stopped, and takes back what nobody has', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a')), want(idOf('b'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(told(table.agree(RUN, { ...nothing, stop: 'cancelled' }, T)), ['stop a of w1: cancelled'])
    assert.deepEqual(told(table.ready(2, by('w2'), T)), [])
    assert.deepEqual(table.heartbeat(idOf('a'), by('w1'), T)?.answer, { kind: 'stop', reason: 'cancelled' })
    assert.deepEqual(told(table.agree(RUN, { ...nothing, stop: 'cancelled' }, T)), [], 'said once')
  })

  test('lets a worker keep what it got while the step was being withdrawn', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(told(table.agree(RUN, nothing, T)), [])
    assert.deepEqual(table.heartbeat(idOf('a'), by('w1'), T)?.answer, { kind: 'renewed' })
    assert.equal(table.factsOf(RUN.uid, T + LIMITS.gatherMs)[0]?.state, 'leased')
  })

  test('supersedes a try by the next one', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    const next = table.agree(RUN, { wanted: [want(idOf('a', { try: 2 }))], seen: new Set() }, T)
    assert.deepEqual(told(next), ['stop a of w1: superseded'])
    const old = { id: idOf('a'), from: by('w1'), outcome: done('a') }
    assert.deepEqual(told(table.outcome(2, old, T)), ['settled 2'])
    assert.equal(table.factsOf(RUN.uid, T + LIMITS.gatherMs)[0]?.state, 'offered')
  })

  test('stops a step that runs for longer than its own timeout', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'), { timeoutMs: 1_000 })], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(table.heartbeat(idOf('a'), by('w1'), T + 5_000)?.answer, { kind: 'renewed' })
    assert.deepEqual(table.heartbeat(idOf('a'), by('w1'), T + 40_000)?.answer, { kind: 'stop', reason: 'timedOut' })
  })

  test('listens to nobody of another pool', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    const elsewhere = by('w1', { pool: 'other/warm' })
    assert.deepEqual(table.heartbeat(idOf('a'), elsewhere, T)?.answer, { kind: 'stop', reason: 'superseded' })
    assert.deepEqual(told(table.outcome(2, { id: idOf('a'), from: elsewhere, outcome: done('a') }, T)), ['settled 2'])
    assert.equal(table.factsOf(RUN.uid, T + LIMITS.gatherMs)[0]?.state, 'leased')
    assert.deepEqual(told(table.ready(3, elsewhere, T)), [])
  })

  test('knows which workers have a step', () => {
    const table = newTable()
    const wanted = ['a', 'b', 'c'].map((step) => want(idOf(step), { mayBeHeld: true }))
    const busy = () => table.queueOf(POOL).busy
    table.heartbeat(idOf('a'), by('w1'), 1) // known from an earlier leader
    table.agree(RUN, { wanted, seen: new Set() }, 2)
    assert.deepEqual(busy(), ['w1'])
    table.heartbeat(idOf('b'), by('w2'), 3)
    table.ready(1, by('w3'), T)
    assert.deepEqual(busy(), ['w1', 'w2', 'w3'])
    table.outcome(2, { id: idOf('a'), from: by('w1'), outcome: done('a') }, T)
    assert.deepEqual(busy(), ['w2', 'w3'])
    table.tick(T + LIMITS.acceptMs) // w2 has not renewed for long, w3 never
    assert.deepEqual(busy(), [])
    table.ready(3, by('w4'), T + LIMITS.acceptMs)
    assert.deepEqual(busy(), ['w4'])
    table.agree(RUN, { ...nothing, final: true }, T + LIMITS.acceptMs)
    assert.deepEqual(busy(), [], 'nobody waits for it')
  })

  test('gives nothing to workers that are to go', () => {
    const table = newTable()
    table.queueOf(POOL).draining = new Set(['w1'])
    table.ready(1, by('w1'), T)
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    assert.deepEqual(told(table.ready(2, by('w2'), T)), ['lease a to 2'])
  })
})

describe('a new leader', () => {
  test('adopts a lease that a worker speaks of, before and after it knows the run', () => {
    for (const order of ['heartbeat first', 'status first']) {
      const table = newTable()
      const heartbeat = () => table.heartbeat(idOf('a'), by('w1', { epoch: 6 }), 10)?.answer
      const agree = () => table.agree(RUN, { wanted: [want(idOf('a'), { mayBeHeld: true })], seen: new Set() }, 20)
      if (order === 'heartbeat first') assert.deepEqual([heartbeat(), told(agree())], [{ kind: 'renewed' }, []])
      else assert.deepEqual([told(agree()), heartbeat()], [[], { kind: 'renewed' }])
      assert.deepEqual(told(table.ready(1, by('w2'), 30)), [], order)
      assert.equal(table.factsOf(RUN.uid, 20 + LIMITS.gatherMs)[0]?.worker, 'w1', order)
    }
  })

  test('waits one lease time before it gives out what a worker may have', () => {
    const table = newTable()
    table.ready(1, by('w2'), 5)
    const wanted = [want(idOf('old'), { mayBeHeld: true }), want(idOf('new'))]
    assert.deepEqual(told(table.agree(RUN, { wanted, seen: new Set() }, 10)), ['lease new to 1'])
    table.heartbeat(idOf('new'), by('w2'), 20)
    table.ready(2, by('w3'), 20)
    assert.deepEqual(told(table.tick(LIMITS.leaseMs - 1)), [])
    assert.deepEqual(told(table.tick(LIMITS.leaseMs)), ['lease old to 2'])
  })

  test('takes the outcome of a lease that an earlier leader gave', () => {
    const table = newTable()
    const report = { id: idOf('a'), from: by('w1', { epoch: 6 }), outcome: done('a') }
    assert.deepEqual(told(table.outcome(1, report, 5)), ['drop 1'], 'the worker repeats it')
    table.agree(RUN, { wanted: [want(idOf('a'), { mayBeHeld: true })], seen: new Set() }, 10)
    table.outcome(2, report, 20)
    assert.equal(table.factsOf(RUN.uid, 20)[0]?.state, 'ended')
  })

  test('is known as deposed by an epoch that is later than its own', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    const later = by('w1', { epoch: 8 })
    assert.deepEqual(told(table.ready(1, later, T)), ['drop 1'])
    assert.equal(table.heartbeat(idOf('a'), later, T), undefined)
    const outcomeOf = (step: string) => ({ id: idOf(step), from: later, outcome: done(step) })
    assert.deepEqual(told(table.outcome(2, outcomeOf('b'), T)), ['drop 2'])
    table.outcome(3, outcomeOf('a'), T)
    assert.equal(table.factsOf(RUN.uid, T)[0]?.state, 'ended', 'what it knows of has happened, whoever leads')
  })
})

describe('a run that is to stop, or is gone', () => {
  const a = idOf('a')
  const held = { wanted: [want(a, { mayBeHeld: true })], seen: new Set<string>() }

  test('is stopped by a new leader at the worker that has its step, and the outcome counts', () => {
    const table = newTable()
    table.agree(RUN, { ...held, stop: 'cancelled', hold: true }, 1)
    assert.deepEqual(told(table.ready(1, by('w2'), 2)), [], 'nothing is given out')
    assert.deepEqual(table.heartbeat(a, by('w1'), 3)?.answer, { kind: 'stop', reason: 'cancelled' })
    table.outcome(2, { id: a, from: by('w1'), outcome: done('a') }, 4)
    assert.equal(table.factsOf(RUN.uid, 5)[0]?.state, 'ended')
    assert.deepEqual(told(table.agree(RUN, { ...nothing, seen: seen(a), final: true }, 6)), ['settled 2'])
  })

  test('is held back: a worker that has its step goes on, and no other gets it, however long that takes', () => {
    const table = newTable()
    table.agree(RUN, { ...held, hold: true }, 1)
    table.ready(1, by('w2'), SETTLED - 1)
    assert.deepEqual(told(table.tick(SETTLED + 1)), [])
    assert.deepEqual(table.heartbeat(a, by('w1'), SETTLED + 2)?.answer, { kind: 'renewed' })
  })

  test('goes on with what was held back', () => {
    const table = newTable()
    table.agree(RUN, { ...held, hold: true }, 1)
    table.ready(1, by('w2'), SETTLED + 1)
    assert.deepEqual(told(table.agree(RUN, held, SETTLED + 2)), ['lease a to 1'])
  })

  test('leaves nothing when it is gone, and its workers are stopped; another one of that name is let be', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(a), want(idOf('b'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(told(table.gone({ key: RUN.key, uid: RUN.uid }, T)), [])
    assert.deepEqual(told(table.gone({ key: RUN.key, uid: 'run-2' }, T)), ['stop a of w1: cancelled'])
    assert.deepEqual([[...table.leases()], table.queueOf(POOL).backlog], [[], 0])
  })

  test('keeps the outcome of a step that was withdrawn, whatever tries of other steps are wanted', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(a)], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    table.outcome(2, { id: a, from: by('w1'), outcome: done('a') }, T)
    const other = want(idOf('b', { try: 2 }))
    assert.deepEqual(told(table.agree(RUN, { wanted: [other], seen: new Set() }, T + 1)), [])
  })
})

describe('what decisions see', () => {
  test('changes at most once in the time of gathering, while steps go on', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a')), want(idOf('b'))], seen: new Set() }, T)
    assert.deepEqual(looks(table.ready(1, by('w1'), T + 100)), [LIMITS.gatherMs - 100])
    assert.deepEqual(looks(table.outcome(2, { id: idOf('a'), from: by('w1'), outcome: done('a') }, T + 200)), [
      LIMITS.gatherMs - 200,
    ])
    assert.deepEqual(
      table.factsOf(RUN.uid, T + 300).map(({ state }) => state),
      ['offered', 'offered'],
    )
    assert.deepEqual(
      table.factsOf(RUN.uid, T + LIMITS.gatherMs).map(({ state }) => state),
      ['ended', 'offered'],
    )
  })

  test('is everything, at once, when the last step has ended', () => {
    const table = newTable()
    table.agree(RUN, { wanted: [want(idOf('a'))], seen: new Set() }, T)
    table.ready(1, by('w1'), T)
    assert.deepEqual(looks(table.outcome(2, { id: idOf('a'), from: by('w1'), outcome: done('a') }, T + 1)), [0])
    assert.equal(table.factsOf(RUN.uid, T + 1)[0]?.state, 'ended')
  })
})
