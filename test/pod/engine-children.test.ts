// Warm engine processes: real ones, over real tables.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { StepOrder } from '../../src/pod/child.ts'
import { monotonic } from '../../src/pod/monotonic.ts'
import { EngineChildren, type EngineChildrenOptions } from '../../src/pod/worker/engine-children.ts'
import { until } from '../cluster/bed/wait.ts'
import { commitsByWriter, rowsOfTables } from '../cluster/support/lake.ts'
import { ENDLESS_SQL, type LakeStep, lakeTask, sqlStep } from '../cluster/support/lake-task.ts'

const ONE = 'SELECT 1 AS id'
const LONG_AHEAD = 3_600_000

describe('a warm engine process', () => {
  let folder: string
  let engines: EngineChildren
  let logged: string[]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loom-engines-'))
    logged = []
  })
  afterEach(async () => {
    await engines.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = (more: Partial<EngineChildrenOptions> = {}) => {
    const log = (_level: string, message: string) => void logged.push(message)
    const idle = { onReady: () => {}, onBroken: () => {} }
    engines = new EngineChildren({
      memoryBytes: undefined,
      stepsPerChild: 100,
      workFolder: join(folder, 'engines'),
      log,
      ...idle,
      ...more,
    })
  }
  const order = (step: LakeStep, { runUid = 'run-1', leased = false } = {}): StepOrder => ({
    task: lakeTask(folder, step, { runUid, process: 'main', step: step.name, attempt: 1, try: 1 }),
    workFolder: join(folder, 'work'),
    leased,
  })
  const succeeds = async (step: LakeStep, more?: Parameters<typeof order>[1]) => {
    const { state, error } = await engines.run(order(step, more))
    assert.deepEqual({ state, error }, { state: 'Succeeded', error: undefined })
    return engines.pid
  }
  const files = (table: string) => {
    const path = join(folder, 'tables', table)
    return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.parquet')) : []
  }

  it('runs steps one after another, and gives way to a new one after a number of them', async () => {
    start({ stepsPerChild: 2 })
    const first = engines.pid
    await succeeds(sqlStep('a', ONE))
    assert.equal(engines.pid, first)
    await succeeds(sqlStep('b', ONE))
    const second = engines.pid
    assert.notEqual(second, first)
    assert.equal(await succeeds(sqlStep('c', ONE)), second)
  })

  it('keeps one folder for what the steps of all runs share, and takes it along', async () => {
    start({ stepsPerChild: 2 })
    const shared = () => readdirSync(join(folder, 'engines'))
    await succeeds(sqlStep('a', ONE))
    assert.deepEqual(shared(), ['engine-1'])
    await succeeds(sqlStep('b', ONE), { runUid: 'run-2' })
    await until('the folder of the first is gone', () => shared().join() === 'engine-2')
    await engines.close()
    assert.deepEqual(shared(), [])
    const rows = await rowsOfTables(join(folder, 'tables'))
    assert.deepEqual([rows['a'], rows['b']], [['{} {"id":1}'], ['{} {"id":1}']])
  })

  it('that can not be started is given up after some tries', async () => {
    const before = process.env['NODE_OPTIONS']
    process.env['NODE_OPTIONS'] = '--no-such-option'
    try {
      await new Promise<void>((resolve) => start({ onBroken: resolve }))
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS']
      else process.env['NODE_OPTIONS'] = before
    }
  })

  it('gives way to a new one when it has grown too large', async () => {
    start({ memoryBytes: 100 * 2 ** 20 })
    const first = engines.pid
    await succeeds(sqlStep('a', ONE))
    assert.notEqual(engines.pid, first)
  })

  it('commits a leased step only when it is allowed to, and waits for that', async () => {
    start()
    const written = (table: string) => until('the step has written its rows', () => files(table).length > 0)
    const early = engines.run(order(sqlStep('a', ONE), { leased: true }))
    await written('a')
    engines.allowCommit(monotonic() - 1)
    engines.allowCommit(monotonic() + LONG_AHEAD)
    assert.equal((await early).state, 'Succeeded')
    // what was allowed to one step is not to the next
    const next = engines.run(order(sqlStep('b', ONE), { leased: true }))
    await written('b')
    engines.allowCommit(monotonic() - 1)
    engines.stop(10_000)
    assert.equal((await next).state, 'Cancelled')
    assert.deepEqual(commitsByWriter(join(folder, 'tables')), { 'loom/run-1/main/a': 1 })
  })

  it('is replaced after a step that was stopped, and after a death of its own', async () => {
    start()
    const first = engines.pid ?? 0
    await succeeds(sqlStep('a', ONE))
    const endless = sqlStep('b', ENDLESS_SQL)
    const stopped = engines.run(order(endless))
    engines.stop(10_000)
    assert.equal((await stopped).state, 'Cancelled')
    const second = engines.pid ?? 0
    assert.notEqual(second, first)
    const killed = engines.run(order(endless))
    process.kill(second, 'SIGKILL')
    const { state, error } = await killed
    assert.deepEqual([state, error?.code], ['Failed', 'OutOfMemory'])
    await succeeds(sqlStep('c', ONE))
  })

  it('keeps what code of one run has loaded from the code of another', async () => {
    start()
    const module = (value: number) => {
      writeFileSync(join(folder, 'value.mjs'), `export const value = ${value}; export const seen = []`)
      writeFileSync(
        join(folder, 'step.mjs'),
        `import { seen, value } from './value.mjs'
         export default () => { seen.push(1); return \`SELECT \${value} AS value, \${seen.length} AS seen\` }`,
      )
    }
    const code = (name: string): LakeStep => ({ name, body: { kind: 'code', module: 'step.mjs', export: 'default' } })
    module(1)
    const first = await succeeds(code('a'))
    assert.equal(await succeeds(code('b')), first, 'one run, one process')
    module(2)
    assert.notEqual(await succeeds(code('c'), { runUid: 'run-2' }), first)
    const rows = await rowsOfTables(join(folder, 'tables'))
    assert.deepEqual(
      ['a', 'b', 'c'].map((table) => rows[table]),
      [['{} {"value":1,"seen":1}'], ['{} {"value":1,"seen":2}'], ['{} {"value":2,"seen":1}']],
    )
  })
})
