// One step: whatever the engine does, there is an outcome, and after its time nothing is committed.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import { runStep, type StepSurroundings } from '../../src/runner/index.ts'
import type { Engine, StepContext } from '../../src/step/index.ts'
import { noBinding, recordedTemps, stepPlan } from './scripted.ts'

const workRoot = mkdtempSync(join(tmpdir(), 'loom-run-step-'))
after(() => rmSync(workRoot, { recursive: true, force: true }))

const written = { rows: 1, bytes: 1, files: 1, warnings: [] }
const engineThat = (runs: (context: StepContext) => Promise<typeof written>): Engine => ({
  runStep: (_step, context) => runs(context),
  close: async () => undefined,
})

function surroundings(changes: Partial<StepSurroundings> = {}): StepSurroundings {
  const ids = { pipeline: 'p', planHash: 'sha256:0', processRunId: 'process-1', stepRunId: 'step-1', params: {} }
  const run = { runId: 'run-1', correlationId: null, attempt: 1, lastAttempt: true }
  return {
    info: { ...run, ...ids, process: 'main', step: 'one' },
    storage: noBinding,
    openStore: () => {
      throw new Error('no store in this test')
    },
    temps: recordedTemps([]),
    workRoot,
    signal: new AbortController().signal,
    now: Date.now,
    newId: () => crypto.randomUUID(),
    log: { info: () => undefined, warn: () => undefined },
    onProgress: () => undefined,
    ...changes,
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

const interrupted = (): Fault => new Fault({ kind: 'transient', code: 'Interrupted', message: 'interrupted' })

test('a step that takes longer than its timeout has failed, for now', async () => {
  const engine = engineThat(async ({ signal }) => {
    await untilAborted(signal)
    throw interrupted()
  })
  const outcome = await runStep(stepPlan('main', 'one', { timeoutMs: 5 }), engine, surroundings())
  assert.equal(outcome.state, 'Failed')
  assert.deepEqual([outcome.error?.kind, outcome.error?.code], ['transient', 'TimedOut'])
  assert.match(outcome.error?.message ?? '', /^cannot finish step "one": .*5 ms; raise the timeout/)
})

test('an engine that does not stop is left behind, and can commit nothing more', async () => {
  let late: StepContext | undefined
  const stop = new AbortController()
  const engine = engineThat(async (context) => {
    late = context
    stop.abort()
    return await new Promise(() => undefined)
  })
  const given = surroundings({ graceMs: 5, signal: stop.signal })
  const outcome = await runStep(stepPlan('main', 'one'), engine, given)
  assert.equal(outcome.error?.code, 'Interrupted')
  await assert.rejects(async () => late?.assertMayCommit(), { code: 'LeaseLost', kind: 'conflict' })
})

test('a step that was too busy to hear its timer commits nothing after its time', async () => {
  let now = 0
  const engine = engineThat(async ({ assertMayCommit }) => {
    now = 60_000
    await assertMayCommit()
    return written
  })
  const step = stepPlan('main', 'one', { timeoutMs: 60_000 })
  const outcome = await runStep(step, engine, surroundings({ now: () => now }))
  assert.equal(outcome.error?.code, 'TimedOut')
})

test('a timeout of many days does not fire at once', async () => {
  const engine = engineThat(async ({ signal }) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    signal.throwIfAborted()
    return written
  })
  const step = stepPlan('main', 'one', { timeoutMs: 40 * 24 * 3_600_000 })
  assert.equal((await runStep(step, engine, surroundings())).state, 'Succeeded')
})

test('a step of a run that is stopped is cancelled, whatever the engine makes of it', async () => {
  const stop = new AbortController()
  const engine = engineThat(async ({ signal }) => {
    setImmediate(() => stop.abort())
    await untilAborted(signal)
    throw new Error('connection closed')
  })
  const outcome = await runStep(stepPlan('main', 'one'), engine, surroundings({ signal: stop.signal }))
  assert.deepEqual([outcome.state, outcome.error?.code], ['Cancelled', 'Interrupted'])
})

test('a step of a run that was stopped before does not reach the engine', async () => {
  const engine = engineThat(async () => assert.fail('the engine was called'))
  const outcome = await runStep(stepPlan('main', 'one'), engine, surroundings({ signal: AbortSignal.abort() }))
  assert.equal(outcome.state, 'Cancelled')
})

test('what an engine has committed counts, though the run was stopped meanwhile', async () => {
  const stop = new AbortController()
  const engine = engineThat(async ({ assertMayCommit }) => {
    await assertMayCommit()
    stop.abort()
    return written
  })
  const outcome = await runStep(stepPlan('main', 'one'), engine, surroundings({ signal: stop.signal }))
  assert.deepEqual([outcome.state, outcome.write], ['Succeeded', written])
})

test('somebody else may forbid the commit, and what was thrown is told as it was', async () => {
  const lost = new Fault({ kind: 'conflict', code: 'LeaseLost', message: 'the lease is over' })
  const engine = engineThat(async ({ assertMayCommit }) => {
    await assertMayCommit()
    return written
  })
  const thrown: Fault[] = []
  const given = surroundings({
    assertMayCommit: () => {
      throw lost
    },
    onFault: (fault) => thrown.push(fault),
  })
  const outcome = await runStep(stepPlan('main', 'one'), engine, given)
  assert.deepEqual(outcome.error, { kind: 'conflict', code: 'LeaseLost', message: 'the lease is over' })
  assert.deepEqual(thrown, [lost])
})

test('a step that had to wait for leave to commit commits nothing when it was stopped meanwhile', async () => {
  const stop = new AbortController()
  const engine = engineThat(async ({ assertMayCommit }) => {
    await assertMayCommit()
    return written
  })
  const assertMayCommit = async () => stop.abort()
  const given = surroundings({ signal: stop.signal, assertMayCommit })
  assert.equal((await runStep(stepPlan('main', 'one'), engine, given)).state, 'Cancelled')
})

test('an error that is no fault is a defect, told in one line', async () => {
  const engine = engineThat(async () => {
    throw new TypeError('x is not a function\n    at nowhere')
  })
  const { error } = await runStep(stepPlan('main', 'one'), engine, surroundings())
  assert.deepEqual(error, { kind: 'defect', code: 'Defect', message: 'x is not a function' })
})

test('a step has a scratch folder of its own, which is gone afterwards', async () => {
  let folder = ''
  const engine = engineThat(async ({ workFolder }) => {
    folder = workFolder
    assert.deepEqual(readdirSync(folder), [])
    return written
  })
  await runStep(stepPlan('main', 'one'), engine, surroundings())
  assert.ok(folder.startsWith(workRoot))
  assert.ok(!existsSync(folder))
})

test('what a step logs names its process and itself', async () => {
  const logged: unknown[] = []
  const log = { info: () => undefined, warn: (message: string, fields?: object) => void logged.push(message, fields) }
  const engine = engineThat(async (context) => {
    context.log.warn('odd rows', { rows: 3 })
    return written
  })
  await runStep(stepPlan('main', 'one'), engine, surroundings({ log }))
  assert.deepEqual(logged, ['odd rows', { process: 'main', step: 'one', rows: 3 }])
})
