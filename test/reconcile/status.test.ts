// The status that is written: conditions that tools agree on, columns, and a size that is bounded whatever happens.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { REASONS } from '../../src/manifest/index.ts'
import { boundedText } from '../../src/reconcile/bounded-text.ts'
import { decideRun, type Observed, recordsOf } from '../../src/reconcile/index.ts'
import { detailsOf } from '../../src/reconcile/step-record.ts'
import { anyText } from '../base/any-text.ts'
import { statusProblem } from '../simulation/poison/lawful.ts'
import { beforeStart, iso, jobOf, NOW, planWith, podOf, started, told } from './builder.ts'

const conditions = (observed: Observed) =>
  Object.fromEntries((decideRun(observed).status.conditions ?? []).map(({ type, status }) => [type, status]))

/** How kstatus reads conditions; its own code is asked in cluster/health.test.ts. */
function kstatus(observed: Observed): string {
  const { Stalled, Reconciling } = conditions(observed)
  if (Stalled === 'True') return 'Failed'
  return Reconciling === 'True' ? 'InProgress' : 'Current'
}

describe('the conditions', () => {
  const waiting = { state: 'waiting', reason: 'StorageNotFound', message: 'm' } as const
  const problems: Observed['plan'] = { state: 'problems', problems: [] }
  const cases: [why: string, observed: Observed, succeeded: string, kstatus: string, compiled: string | undefined][] = [
    ['of one that waits for its storage', beforeStart({ fact: waiting }), 'Unknown', 'InProgress', undefined],
    ['of one that starts', beforeStart(), 'Unknown', 'InProgress', 'True'],
    ['of one that runs', started('R', { jobs: [jobOf('a')] }), 'Unknown', 'InProgress', undefined],
    ['of one that is suspended', beforeStart({ spec: { suspend: true } }), 'Unknown', 'InProgress', undefined],
    ['of one that succeeded', started('R', { pods: [told('a')] }), 'True', 'Current', undefined],
    ['of one that failed', started('R', { pods: [told('a', { kind: 'invalid' })] }), 'False', 'Failed', undefined],
    ['of one that does not compile', beforeStart({ fact: problems }), 'False', 'Failed', 'False'],
    ['of one that was cancelled', beforeStart({ spec: { cancel: true } }), 'False', 'Failed', undefined],
  ]
  for (const [why, observed, succeeded, reads, compiled] of cases)
    it(`${why} read as ${reads}, Succeeded ${succeeded}`, () => {
      const { Succeeded, Compiled } = conditions(observed)
      assert.deepEqual([Succeeded, kstatus(observed), Compiled], [succeeded, reads, compiled])
    })

  it('keep the time of their last change, and tell the generation they speak of', () => {
    const first = decideRun(beforeStart()).status
    const second = decideRun(
      started('R', { status: first, jobs: [jobOf('a')], now: NOW + 5000, metadata: { generation: 2 } }),
    ).status
    const of = (status: typeof first, type: string) => status.conditions?.find((condition) => condition.type === type)
    assert.equal(of(second, 'Reconciling')?.lastTransitionTime, of(first, 'Reconciling')?.lastTransitionTime)
    assert.equal(of(second, 'Reconciling')?.observedGeneration, 2)
    const third = decideRun(started('R', { status: second, pods: [told('a')], now: NOW + 9000 })).status
    assert.equal(of(third, 'Succeeded')?.lastTransitionTime, iso(NOW + 9000))
    assert.equal(of(third, 'Compiled')?.status, 'True')
  })

  it('carry only reasons that have a line of documentation', () => {
    for (const [, observed] of cases)
      for (const { type, reason } of decideRun(observed).status.conditions ?? [])
        assert.ok(reason in REASONS || (type === 'Compiled' && reason === 'Compiled'), reason)
  })
})

describe('what kubectl shows in columns', () => {
  it('of a run under way and of one that has ended', () => {
    const plan = planWith('a', 'b')
    const under = decideRun(started('R.', { plan, jobs: [jobOf('a')], pods: [told('a')] })).status
    assert.deepEqual(
      [under.phase, under.reason, under.progress, under.rows, under.duration],
      ['Running', 'Running', '1/2', 10, undefined],
    )
    const done = decideRun(started('SR', { plan, status: under, pods: [told('b')], now: NOW + 35_000 })).status
    assert.deepEqual([done.phase, done.progress, done.duration], ['Succeeded', '2/2', '1 m 05 s'])
    assert.equal(done.finishedAt, iso(NOW + 35_000))
  })
  it('counts rows up to what a number can hold', () => {
    const huge = {
      kind: 'outcome' as const,
      outcome: {
        process: 'p',
        step: 'a',
        state: 'Succeeded' as const,
        durationMs: 1,
        write: { rows: Number.MAX_SAFE_INTEGER, bytes: 1, files: 1, warnings: [] },
      },
    }
    const both = [podOf('a', { end: huge }), podOf('b', { end: { ...huge, outcome: { ...huge.outcome, step: 'b' } } })]
    assert.equal(decideRun(started('RR', { plan: planWith('a|b'), pods: both })).status.rows, Number.MAX_SAFE_INTEGER)
  })
})

describe('the size of the status', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `step-with-a-rather-long-name-for-the-sake-of-it-${i}`)
  const plan = planWith(names.join('|'))
  const bytes = (status: unknown) => Buffer.byteLength(JSON.stringify(status))

  it('is at most 32 KiB with a thousand steps that all fail at length', () => {
    for (const char of ['x', '語', '\u0001', '"', '😀', '\ud800']) {
      const pods = names.map((step) => told(step, { kind: 'transient', message: char.repeat(4000) }))
      const { status } = decideRun(started('R'.repeat(1000), { plan, pods }))
      assert.ok(bytes(status) <= 32 * 1024, `${bytes(status)} bytes with ${char}`)
      assert.equal(statusProblem(status), undefined)
      assert.ok((status.steps?.length ?? 0) > 3)
    }
  })

  it('is at most 32 KiB with a thousand problems', () => {
    const problem = { code: 'X', severity: 'error', path: 'spec', message: '語'.repeat(500), hint: '\u0000' } as never
    const { status } = decideRun(beforeStart({ fact: { state: 'problems', problems: Array(1000).fill(problem) } }))
    assert.ok(bytes(status) <= 32 * 1024)
    assert.equal(statusProblem(status), undefined)
  })

  it('loses the try of no step that is disrupted, even when a hundred are at once', () => {
    const records = names.slice(0, 100).map((step) => ({
      process: 'p',
      step,
      state: 'Running' as const,
      attempt: 2,
      try: 3,
      disruptions: 2,
      message: 'm'.repeat(500),
      reason: 'Unschedulable',
    }))
    const details = detailsOf(records, 20 * 1024)
    assert.equal(details.length, 100)
    assert.ok(details.every(({ try: number, disruptions }) => number === 3 && disruptions === 2))
    const few = detailsOf(records.slice(0, 5), 20 * 1024)
    assert.ok(few.every(({ message }) => message?.length === 500))
  })

  it('leaves out the details of steps that have ended first, and still tells the state of all', () => {
    const pods = names.map((step) => told(step))
    const { status } = decideRun(
      started('R'.repeat(1000), { plan, pods: pods.slice(0, 900), jobs: names.map((step) => jobOf(step)) }),
    )
    assert.equal(status.stepStates, 'S'.repeat(900) + 'R'.repeat(100))
    assert.equal(status.steps?.filter(({ state }) => state === 'Running').length, 100)
    const states = recordsOf(plan, status).map(({ state }) => state)
    assert.equal(states.filter((state) => state === 'Succeeded').length, 900)
  })
})

describe('a bounded text', () => {
  it('is what it was when it is lawful and short', () => {
    assert.equal(boundedText('two\nlines, 語 😀', 100), 'two\nlines, 語 😀')
  })
  it('has no control characters and no half characters', () => {
    assert.equal(boundedText('\u0000a\u001b[31m\ud800b', 100), ' a [31m b')
  })
  it('never takes more bytes than it may, and is well formed', () => {
    fc.assert(
      fc.property(anyText(200), fc.integer({ min: 8, max: 300 }), (text, most) => {
        const bounded = boundedText(text, most)
        assert.ok(Buffer.byteLength(JSON.stringify(bounded)) - 2 <= most)
        assert.ok(bounded.isWellFormed())
        assert.equal(boundedText(bounded, most), bounded)
      }),
    )
  })
})

describe('the rows of a run', () => {
  it('are those of all its steps, also of ones that have lost their details', () => {
    const observed = started('SR', { status: { rows: 70 }, pods: [told('b')] })
    assert.equal(decideRun(observed).status.rows, 80)
    assert.equal(decideRun(started('SS', { status: { rows: 80 } })).status.rows, 80)
  })
})
