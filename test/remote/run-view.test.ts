import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endedSince, hasEnded, newsOf, type RunView, runView } from '../../src/remote/run-view.ts'
import { aRun, planWith } from '../reconcile/builder.ts'

const detail = { process: 'p', step: 'b', state: 'Running', attempt: 1, try: 1, since: '2026-01-01T00:00:00Z' } as const

test('with its plan a run shows every step in declared order, those that are left out too', () => {
  const plan = { ...planWith('a|b', 'c'), skipped: [{ process: 'p', step: 'z', position: 1 }] }
  const { steps, untold } = runView(aRun({ status: { stepStates: 'SR.K', steps: [detail] } }), plan)
  assert.deepEqual(
    steps.map(({ step, state }) => `${step} ${state}`),
    ['a Succeeded', 'z Skipped', 'b Running', 'c Pending'],
  )
  assert.equal(untold, 0)
  assert.equal(steps[2]?.since, detail.since)
})

test('without its plan it shows the steps that the status tells of, and how many more there are', () => {
  const { steps, untold, phase } = runView(aRun({ status: { stepStates: 'SR.', steps: [detail] } }), undefined)
  assert.deepEqual([steps, untold, phase], [[detail], 2, 'Pending'])
})

const view = (more: Partial<RunView>): RunView => ({ ...runView(aRun(), undefined), ...more })

test('a line is worth what holds a run up, once, and each further attempt', () => {
  const waits = view({ phase: 'Pending', reason: 'StorageNotFound', message: 'there is none' })
  const runs = view({ phase: 'Running', reason: 'Running', attempt: 1 })
  assert.deepEqual(newsOf(undefined, waits), ['Pending: StorageNotFound: there is none'])
  assert.deepEqual(newsOf(waits, waits), [])
  assert.deepEqual(newsOf(waits, runs), [])
  const again = view({ phase: 'Running', reason: 'Running', attempt: 2 })
  assert.deepEqual(newsOf(runs, again), ['attempt 2 begins'])
  const ended = view({ phase: 'Failed', reason: 'StepFailed', message: 'x' })
  assert.deepEqual(newsOf(runs, ended), [], 'the report that follows tells it')
})

test('a step that has ended is told once for each attempt', () => {
  const failed = { ...detail, state: 'Failed' } as const
  const [before, now] = [view({ steps: [detail] }), view({ steps: [failed] })]
  assert.deepEqual(endedSince(before, now), [failed])
  assert.deepEqual(endedSince(now, now), [])
  const again = { ...failed, attempt: 2 }
  assert.deepEqual(endedSince(now, view({ steps: [again] })), [again])
  assert.deepEqual(endedSince(undefined, view({ steps: [failed, { ...detail, state: 'Skipped' }] })), [failed])
})

test('a run has not ended that is asked to go on, or that was changed after it was refused', () => {
  const of = (spec: object, status: object) => hasEnded(runView(aRun({ spec, status }), undefined))
  const failed = { phase: 'Failed', startedAt: 'x', finishedAt: 'x', observedGeneration: 1 }
  assert.equal(of({}, failed), true)
  assert.equal(of({ restarts: 1 }, failed), false)
  assert.equal(of({ restarts: 1 }, { ...failed, restarts: 1 }), true)
  const refused = { phase: 'Failed', finishedAt: 'x' }
  assert.equal(of({}, { ...refused, observedGeneration: 1 }), true)
  assert.equal(of({}, { ...refused, observedGeneration: 0 }), false)
})
