import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasLog, poolsOf, stepOfPod, wantedSteps, withoutLog } from '../../src/remote/log-pods.ts'
import { runView, type StepView } from '../../src/remote/run-view.ts'
import { aRun } from '../reconcile/builder.ts'

const step = (name: string, state: StepView['state'], more: Partial<StepView> = {}): StepView => ({
  process: 'main',
  step: name,
  state,
  ...more,
})
const viewOf = (steps: StepView[], untold = 0) => ({
  ...runView(aRun({ status: { phase: 'Running', startedAt: '2026-01-01T00:00:00Z' } }), undefined),
  steps,
  untold,
})
const pod = (status: object, labels: Record<string, string> = {}) => ({ metadata: { name: 'p', labels }, status })

test('a word names a step, a step of a process, or all of a process', () => {
  const run = viewOf([step('a', 'Running'), step('b', 'Running'), { ...step('a', 'Running'), process: 'other' }])
  const wanted = (word?: string) =>
    run.steps.filter(wantedSteps(word, run)).map(({ process, step: name }) => `${process}/${name}`)
  assert.deepEqual(wanted(), ['main/a', 'main/b', 'other/a'])
  assert.deepEqual(wanted('a'), ['main/a', 'other/a'])
  assert.deepEqual(wanted('main/a'), ['main/a'])
  assert.deepEqual(wanted('main'), ['main/a', 'main/b'])
  assert.throws(
    () => wanted('mian/a'),
    /has no step or process of that name; did you mean "main\/a"\?; it has main\/a, main\/b, other\/a$/,
  )
  assert.ok(wantedSteps('mian/a', { ...run, untold: 1 }), 'not all steps are known')
})

test('a pod has a log once its container was started, whatever its phase says', () => {
  assert.equal(hasLog(pod({ phase: 'Pending' }), 'step'), false)
  const waiting = { name: 'step', state: { waiting: { reason: 'ContainerCreating' } } }
  assert.equal(hasLog(pod({ phase: 'Pending', containerStatuses: [waiting] }), 'step'), false)
  const running = { name: 'step', state: { running: {} } }
  assert.equal(hasLog(pod({ phase: 'Running', containerStatuses: [running] }), 'step'), true)
  assert.equal(hasLog(pod({ phase: 'Running', containerStatuses: [running] }), 'worker'), false)
  const ended = { name: 'step', state: { terminated: {} } }
  assert.equal(hasLog(pod({ phase: 'Running', containerStatuses: [ended] }), 'step'), true)
  assert.equal(hasLog(pod({ phase: 'Failed' }), 'step'), true)
  assert.equal(hasLog({ metadata: { name: 'poisoned' }, status: 7 }, 'step'), false)
})

test('a pod says by its labels which try of which step it is', () => {
  const labels = { 'loom.etl/process': 'main', 'loom.etl/step': 'a', 'loom.etl/attempt': '2', 'loom.etl/try': 'x' }
  assert.deepEqual(stepOfPod(pod({}, labels)), { process: 'main', step: 'a', attempt: 2, try: 1 })
  assert.equal(stepOfPod(pod({})), undefined)
})

test('the pools are those of the steps that are asked for', () => {
  const steps = [
    step('a', 'Running', { pool: 'warm' }),
    step('b', 'Queued', { pool: 'warm' }),
    step('c', 'Queued', { pool: 'hot' }),
  ]
  assert.deepEqual(
    poolsOf(steps, () => true),
    ['warm', 'hot'],
  )
  assert.deepEqual(
    poolsOf(steps, ({ step: name }) => name === 'c'),
    ['hot'],
  )
})

test('of steps without a log it is told where it would be, and why it is not there', () => {
  const run = viewOf([
    step('seen', 'Succeeded'),
    step('next', 'Pending'),
    step('left', 'Skipped'),
    step('lined', 'Queued', { pool: 'warm', reason: 'NoWorkers', message: 'none asks' }),
    step('starts', 'Running', { reason: 'Unschedulable', message: 'no node' }),
    step('taken', 'Running', { pool: 'warm' }),
    step('gone', 'Failed', { reason: 'OutOfMemory', message: 'too large' }),
    step('pooled', 'Succeeded', { pool: 'warm' }),
  ])
  assert.deepEqual(
    withoutLog(run, () => true, new Set(['main/seen'])),
    [
      'step "main/lined": it waits for a worker of pool "warm": NoWorkers: none asks',
      'step "main/starts": it has no log yet: Unschedulable: no node',
      'step "main/taken": a worker of pool "warm" has it, and has said nothing of it yet',
      'step "main/gone": it is Failed, and its log is no more: its pod is gone: OutOfMemory: too large',
      'step "main/pooled": it is Succeeded, and its log is no more: the worker of pool "warm" that had it is gone',
    ],
  )
  assert.deepEqual(
    withoutLog(run, ({ step: name }) => name === 'seen', new Set(['main/seen'])),
    [],
  )
})
