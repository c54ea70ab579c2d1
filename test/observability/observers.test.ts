// The observers that come with the package: log lines and metrics.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type LifecycleEvent,
  logObserver,
  metricsFileObserver,
  metricsObserver,
} from '../../src/observability/index.ts'

const event = (changes: Partial<LifecycleEvent>): LifecycleEvent => ({
  scope: 'step',
  kind: 'end',
  name: 'raw_flights',
  id: 'step-1',
  parentId: 'process-1',
  runId: 'run-1',
  correlationId: 'c-1',
  attempt: 2,
  lastAttempt: true,
  at: '2026-11-24T10:00:00.000Z',
  durationMs: 1500,
  status: 'success',
  meta: { process: 'ingest', rows: 12, bytes: 340 },
  ...changes,
})

const failure = event({
  kind: 'error',
  status: 'failure',
  durationMs: 20,
  meta: {},
  error: { kind: 'transient', code: 'TimedOut', message: 'took too long' },
})

test('the log has one JSON line when a thing ends, with all ids and the attempt', () => {
  const lines: string[] = []
  const observer = logObserver((line) => lines.push(line))
  observer.onEvent(event({ kind: 'start' }))
  observer.onEvent(event({ meta: { rows: 12, runId: 'forged', level: 0 } }))
  observer.onEvent(failure)
  assert.equal(lines.length, 2)
  assert.ok(lines.every((line) => line.endsWith('}\n')))
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    rows: 12,
    level: 30,
    time: Date.parse('2026-11-24T10:00:00.000Z'),
    msg: 'step "raw_flights" succeeded',
    scope: 'step',
    name: 'raw_flights',
    status: 'success',
    durationMs: 1500,
    id: 'step-1',
    parentId: 'process-1',
    runId: 'run-1',
    correlationId: 'c-1',
    attempt: 2,
  })
  const failed = JSON.parse(lines[1] ?? '')
  assert.deepEqual(
    [failed.level, failed.msg, failed.error.code],
    [50, 'step "raw_flights" failed: took too long', 'TimedOut'],
  )
})

test('metrics name a thing by its path, as the operator does', async () => {
  const metrics = metricsObserver()
  const span = (scope: LifecycleEvent['scope'], name: string, id: string, parentId: string | null) => {
    const about = { scope, name, id, parentId }
    metrics.onEvent(event({ ...about, kind: 'start', meta: {} }))
    return () => metrics.onEvent(event(about))
  }
  const ends = [
    span('pipeline', 'flights', 'run-1', null),
    span('process', 'ingest', 'process-1', 'run-1'),
    span('step', 'raw', 'step-1', 'process-1'),
  ]
  for (const end of ends.reverse()) end()
  const text = await metrics.text()
  for (const path of ['flights', 'flights/ingest', 'flights/ingest/raw'])
    assert.ok(text.includes(`name="${path}",status="success"} 1\n`), `${path} in\n${text}`)
  assert.match(text, /loom_step_rows_total\{name="flights\/ingest\/raw"\} 12/)
})

test('metrics count durations of successes and failures, errors by kind, rows and bytes, and no ids (OBS-10)', async () => {
  const metrics = metricsObserver()
  metrics.onEvent(event({ kind: 'start' }))
  metrics.onEvent(event({}))
  metrics.onEvent(failure)
  metrics.onEvent(event({ scope: 'process', name: 'ingest', meta: { rows: 99 } }))
  metrics.onEvent(event({ kind: 'error', status: 'cancelled', meta: {}, error: failure.error! }))
  const text = await metrics.text()
  for (const line of [
    'loom_lifecycle_duration_seconds_count{scope="step",name="raw_flights",status="success"} 1',
    'loom_lifecycle_duration_seconds_sum{scope="step",name="raw_flights",status="success"} 1.5',
    'loom_lifecycle_duration_seconds_count{scope="step",name="raw_flights",status="failure"} 1',
    'loom_lifecycle_duration_seconds_count{scope="step",name="raw_flights",status="cancelled"} 1',
    'loom_lifecycle_errors_total{scope="step",name="raw_flights",kind="transient"} 1',
    'loom_step_rows_total{name="raw_flights"} 12',
    'loom_step_bytes_total{name="raw_flights"} 340',
  ])
    assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`)
  assert.doesNotMatch(text, /run-1|c-1|step-1/)
  metrics.onEvent(event({}))
  assert.match(await metrics.text(), /loom_step_rows_total\{name="raw_flights"\} 24/)
})

test('the metrics file is replaced whole at each flush, and a folder that is not there is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loom-metrics-'))
  const observer = metricsFileObserver(join(folder, 'loom.prom'))
  observer.onEvent(event({}))
  await observer.flush?.()
  observer.onEvent(event({}))
  await observer.flush?.()
  assert.deepEqual(readdirSync(folder), ['loom.prom'])
  assert.match(readFileSync(join(folder, 'loom.prom'), 'utf8'), /loom_step_rows_total\{name="raw_flights"\} 24/)
  rmSync(folder, { recursive: true })
  await assert.rejects(async () => await observer.flush?.(), { code: 'ENOENT' })
})
