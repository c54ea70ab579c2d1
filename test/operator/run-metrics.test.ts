// What a change of a run's status adds to the operator's metrics: the words of local runs, each ending once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunStatus, StepStatus } from '../../src/manifest/index.ts'
import { OperatorMetrics } from '../../src/operator/metrics.ts'
import { countRun } from '../../src/operator/run-metrics.ts'
import type { Plan } from '../../src/plan/index.ts'

const plan = {
  stages: [[{ name: 'load', stages: [[{ process: 'load', name: 'raw' }], [{ process: 'load', name: 'clean' }]] }]],
  skipped: [],
} as unknown as Plan

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
const step = (name: string, state: StepStatus['state'], more: Partial<StepStatus> = {}): StepStatus => ({
  process: 'load',
  step: name,
  state,
  attempt: 1,
  try: 1,
  ...more,
})
const started: RunStatus = {
  phase: 'Running',
  reason: 'Running',
  startedAt: at(0),
  attemptStartedAt: at(0),
  attempt: 1,
}
const raw = step('raw', 'Succeeded', { since: at(0), finishedAt: at(3), durationMs: 2000, rows: 5, bytes: 70 })

/** The lines that these statuses, one after the other, have added. */
async function counted(statuses: RunStatus[], pipeline: string | undefined = 'shop'): Promise<string[]> {
  const metrics = new OperatorMetrics()
  let before: RunStatus = {}
  for (const after of statuses) {
    countRun(metrics, { pipeline, plan, before, after })
    before = after
  }
  const lines = (await metrics.text()).split('\n')
  return lines.filter((line) => /^loom_(lifecycle|step)\w+(_sum|_count|_total)\{/.test(line))
}

test('a run that succeeds counts its pipeline, process and steps once, with rows and bytes', async () => {
  const clean = step('clean', 'Succeeded', { since: at(3), finishedAt: at(7), durationMs: 1000, rows: 4, bytes: 60 })
  const going = { ...started, stepStates: 'SR', steps: [raw, step('clean', 'Running', { since: at(3) })] }
  const done: RunStatus = { ...started, phase: 'Succeeded', finishedAt: at(8), stepStates: 'SS', steps: [raw, clean] }
  assert.deepEqual(await counted([started, going, going, done, done]), [
    'loom_lifecycle_duration_seconds_sum{scope="step",name="shop/load/raw",status="success"} 2',
    'loom_lifecycle_duration_seconds_count{scope="step",name="shop/load/raw",status="success"} 1',
    'loom_lifecycle_duration_seconds_sum{scope="step",name="shop/load/clean",status="success"} 1',
    'loom_lifecycle_duration_seconds_count{scope="step",name="shop/load/clean",status="success"} 1',
    'loom_lifecycle_duration_seconds_sum{scope="process",name="shop/load",status="success"} 7',
    'loom_lifecycle_duration_seconds_count{scope="process",name="shop/load",status="success"} 1',
    'loom_lifecycle_duration_seconds_sum{scope="pipeline",name="shop",status="success"} 8',
    'loom_lifecycle_duration_seconds_count{scope="pipeline",name="shop",status="success"} 1',
    'loom_step_rows_total{name="shop/load/raw"} 5',
    'loom_step_rows_total{name="shop/load/clean"} 4',
    'loom_step_bytes_total{name="shop/load/raw"} 70',
    'loom_step_bytes_total{name="shop/load/clean"} 60',
  ])
})

test('each failed attempt counts once, by the kind of its fault; a disruption is a retry', async () => {
  const failed = step('raw', 'Failed', { since: at(0), finishedAt: at(2), reason: 'OutOfMemory' })
  const failures = [{ process: 'load', step: 'raw', attempt: 1, reason: 'OutOfMemory', message: '' }]
  const waits: RunStatus = { ...started, reason: 'WaitingForRetry', stepStates: 'F.', steps: [failed], failures }
  const again = (number: number, more: Partial<StepStatus> = {}): RunStatus => ({
    ...started,
    attempt: 2,
    attemptStartedAt: at(5),
    stepStates: 'R.',
    steps: [step('raw', 'Running', { attempt: 2, try: number, since: at(5), ...more })],
  })
  const denied = { ...failed, attempt: 2, try: 2, since: at(6), finishedAt: at(9), reason: 'AccessDenied' }
  const ended: RunStatus = {
    ...again(2),
    phase: 'Failed',
    reason: 'StepFailed',
    finishedAt: at(9),
    stepStates: 'FK',
    steps: [denied],
    failures: [{ ...failures[0], attempt: 2, reason: 'AccessDenied' }] as RunStatus['failures'],
  }
  const lines = await counted([started, waits, again(1), again(2, { reason: 'NodeLost' }), ended])
  for (const scope of [
    'scope="pipeline",name="shop"',
    'scope="process",name="shop/load"',
    'scope="step",name="shop/load/raw"',
  ]) {
    assert.ok(lines.includes(`loom_lifecycle_duration_seconds_count{${scope},status="failure"} 2`), lines.join('\n'))
    for (const kind of ['transient', 'denied'])
      assert.ok(lines.includes(`loom_lifecycle_errors_total{${scope},kind="${kind}"} 1`), lines.join('\n'))
  }
  assert.deepEqual(
    lines.filter((line) => /reason=/.test(line)),
    [
      'loom_step_failures_total{reason="OutOfMemory"} 1',
      'loom_step_failures_total{reason="AccessDenied"} 1',
      'loom_step_retries_total{reason="NodeLost"} 1',
    ],
  )
})

test('a run with a pipeline of its own is counted under one name, whatever it is called', async () => {
  const refused: RunStatus = { phase: 'Failed', reason: 'InvalidPipeline', finishedAt: at(1) }
  const metrics = new OperatorMetrics()
  countRun(metrics, { pipeline: undefined, plan: undefined, before: {}, after: refused })
  assert.match(
    await metrics.text(),
    /^loom_lifecycle_errors_total\{scope="pipeline",name="\(inline\)",kind="invalid"\} 1$/m,
  )
})

test('a step whose beginning is no time is counted without how long it took', async () => {
  const running = { ...started, steps: [step('raw', 'Running', { since: '0s' })] }
  const ended = { ...started, steps: [step('raw', 'Failed', { since: '0s', finishedAt: at(3), reason: 'NodeLost' })] }
  assert.deepEqual(await counted([running, ended]), [
    'loom_lifecycle_errors_total{scope="step",name="shop/load/raw",kind="transient"} 1',
    'loom_step_failures_total{reason="NodeLost"} 1',
  ])
})
