import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideOrder, ORDERS, type Order, type OrderDecision } from '../../src/remote/orders.ts'
import { notFound } from '../../src/remote/runs.ts'
import { aRun } from '../reconcile/builder.ts'

const decided = (order: Order, about: Parameters<typeof aRun>[0]): string => {
  const decision: OrderDecision = decideOrder(order, aRun(about), 'kubectl loom')
  switch (decision.kind) {
    case 'patch':
      return `${JSON.stringify(decision.patch.spec)} ${decision.says}`
    case 'nothing':
      return `nothing: ${decision.says}`
    case 'refused':
      return `refused: ${decision.why}`
  }
}

test('an order is one change of the spec, or says why it is none', () => {
  const running = { status: { phase: 'Running' } } as const
  const cases: [Order, Parameters<typeof aRun>[0], string][] = [
    [
      'cancel',
      running,
      '{"cancel":true} daily is being cancelled; kubectl loom status daily -w shows when it has stopped',
    ],
    ['cancel', { ...running, spec: { cancel: true } }, 'nothing: daily is being cancelled already'],
    [
      'suspend',
      running,
      '{"suspend":true} daily starts nothing new, running steps are left to finish; kubectl loom resume daily lets it go on',
    ],
    ['suspend', { ...running, spec: { suspend: true } }, 'nothing: daily is suspended already'],
    ['suspend', { ...running, spec: { cancel: true } }, 'refused: it is being cancelled'],
    ['resume', { ...running, spec: { suspend: true } }, '{"suspend":false} daily goes on'],
    ['resume', running, 'nothing: daily is not suspended'],
  ]
  for (const [order, about, expected] of cases) assert.equal(decided(order, about), expected)
})

test('nothing is ordered of a run that has ended or is being deleted', () => {
  for (const order of ORDERS) {
    assert.equal(decided(order, { metadata: { deletedAt: 1 } }), 'refused: it is being deleted')
    if (order === 'retry') continue
    const ended = { status: { phase: 'Succeeded', finishedAt: '2026-01-01T00:00:00Z' } } as const
    assert.equal(decided(order, ended), 'refused: it has ended already: Succeeded')
  }
})

test('a retry asks once more than was ever asked, and takes a cancellation back', () => {
  const [startedAt, finishedAt] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:09Z']
  const failed = { phase: 'Failed', startedAt, finishedAt } as const
  const says = 'daily runs again what has not succeeded; kubectl loom status daily -w watches it'
  const cases: [Parameters<typeof aRun>[0], string][] = [
    [{ status: failed }, `{"restarts":1} ${says}`],
    [{ spec: { restarts: 2 }, status: { ...failed, restarts: 4 } }, `{"restarts":5} ${says}`],
    [{ spec: { cancel: true }, status: { ...failed, phase: 'Cancelled' } }, `{"restarts":1,"cancel":false} ${says}`],
    [
      { spec: { suspend: true }, status: failed },
      '{"restarts":1} daily runs again what has not succeeded, once it is no longer suspended: kubectl loom resume daily; kubectl loom status daily -w watches it',
    ],
    [{ status: { phase: 'Failed', finishedAt, observedGeneration: 1 } }, `{"restarts":1} ${says}`],
    [{ status: { phase: 'Running' } }, 'refused: it has not ended, it is Running'],
    [
      { spec: { suspend: true }, status: { phase: 'Suspended' } },
      'refused: it has not ended, it is Suspended; kubectl loom resume daily lets it go on',
    ],
    [{}, 'refused: it has not ended, it is Pending'],
  ]
  for (const [about, expected] of cases) assert.equal(decided('retry', about), expected)
  assert.match(decided('retry', { status: { phase: 'Succeeded' } }), /^refused: it has succeeded, so there is nothing/)
})

test('a run that is asked to go on can be held and cancelled again before the operator has seen that', () => {
  const asked = { spec: { restarts: 1 }, status: { phase: 'Failed', startedAt: 'x', finishedAt: 'x' } } as const
  assert.equal(decided('retry', asked), 'nothing: daily is about to go on already')
  assert.match(decided('cancel', asked), /^\{"cancel":true\}/)
})

test('a run that is not there is told with those that are', () => {
  assert.match(
    notFound('flihgts', 'etl', ['flights', 'nightly']),
    /^cannot find ETLRun "flihgts": namespace "etl" .*; did you mean "flights"\?; it has flights, nightly; /,
  )
  assert.match(notFound('x', 'etl', []), /has no ETLRun at all; choose another namespace with -n$/)
  assert.match(notFound('x', 'etl', undefined), /none of that name; check the name/)
  const many = Array.from({ length: 12 }, (_, i) => `run-${i}`)
  assert.match(notFound('x', 'etl', many), /run-9 and 2 more;/)
})
