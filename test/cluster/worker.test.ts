// Warm workers as processes, a real broker, and real tables: whatever dies, a step has one commit.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { type BrokerProcess, startBroker, until } from './bed/index.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import { LakeOperator, SHORT_LIMITS } from './support/lake-operator.ts'
import { ENDLESS_SQL, gatedStep, sqlStep } from './support/lake-task.ts'
import { WorkerProcess } from './support/worker-process.ts'

const isData = (file: string) => file.endsWith('.parquet')

/** How much the process has worked, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[12])
}

describe('a warm worker', () => {
  let server: BrokerProcess
  let folder: string

  before(async () => {
    server = await startBroker()
  })
  after(() => server.stop())
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loom-worker-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const operator = (limits = SHORT_LIMITS, url = server.url) => LakeOperator.start({ url, folder, limits })
  const worker = (url = server.url, more: readonly string[] = []) => new WorkerProcess({ url, folder, more })
  const commits = () => (existsSync(join(folder, 'tables')) ? commitsByWriter(join(folder, 'tables')) : {})
  const gate = () => join(folder, 'gate')
  const waits = () => until('the step waits at its gate', () => existsSync(`${gate()}.waits`))
  const open = () => writeFileSync(gate(), '')

  const succeeds = async (boss: LakeOperator, step: string) => {
    const { state, error } = await boss.outcome(step)
    assert.deepEqual({ state, error }, { state: 'Succeeded', error: undefined })
  }

  it('runs the steps that it is given, one after another, in the same process', async () => {
    await using boss = await operator()
    await using one = worker()
    const names = ['a', 'b', 'c']
    boss.offer(...names.map((name) => sqlStep(name, `SELECT '${name}' AS name`)))
    for (const name of names) await succeeds(boss, name)
    const rows = await rowsOfTables(join(folder, 'tables'))
    for (const name of names) assert.deepEqual(rows[name], [`{} {"name":"${name}"}`])
    assert.deepEqual(Object.values(commits()), [1, 1, 1])
    assert.equal(one.engines().length, 1)
    await until('its scratch folders are gone', () => one.log.split('step ended').length === 4)
  })

  it('keeps its step while the broker is killed and started again, and tells the outcome afterwards', async () => {
    await using boss = await operator({ ...SHORT_LIMITS, leaseMs: 30_000 })
    await using _one = worker()
    boss.offer(gatedStep('a', gate()))
    await waits()
    await server.kill()
    open()
    await server.start()
    await succeeds(boss, 'a')
    assert.deepEqual(Object.values(commits()), [1])
    assert.equal(boss.tries.get('a'), 1)
  })

  it('keeps its step while the operator is cut off, and tells the outcome afterwards', async () => {
    await using link = await server.link()
    await using boss = await operator({ ...SHORT_LIMITS, leaseMs: 30_000 }, link.url)
    await using _one = worker()
    boss.offer(gatedStep('a', gate()))
    await waits()
    link.cut()
    open()
    await until('the step is done', () => Object.values(commits()).length === 1)
    link.mend()
    await succeeds(boss, 'a')
    assert.equal(boss.tries.get('a'), 1)
  })

  it('gets a step from a new leader at once, though it waits for an answer of the one before', async () => {
    await using _one = worker()
    {
      await using before = await operator()
      await until('it waits for a step', () => before.idle.includes('one'))
    }
    await using boss = await LakeOperator.start({ url: server.url, folder, epoch: 2 })
    boss.offer(sqlStep('a', 'SELECT 1 AS id'))
    const seconds = 15 // its request would be held for 20
    assert.equal((await boss.outcome('a', seconds)).state, 'Succeeded')
  })

  it('loses its step to a broker that stands still for longer than a lease, and gets it again', async () => {
    await using boss = await operator()
    await using one = worker()
    boss.offer(gatedStep('a', gate()))
    await waits()
    server.freeze()
    await one.logs('"reason":"lost"')
    await until('the lease is over', () => boss.tries.get('a') === 2)
    open()
    server.thaw()
    await succeeds(boss, 'a')
    assert.deepEqual(Object.values(commits()), [1])
  })

  it('lives on when its engine is killed in a query, and says that memory ran out', async () => {
    await using boss = await operator()
    await using one = worker()
    boss.offer(sqlStep('a', ENDLESS_SQL))
    await boss.leased('a')
    const [engine = 0] = one.engines()
    process.kill(engine, 'SIGKILL')
    const { state, error } = await boss.outcome('a')
    assert.deepEqual([state, error?.code], ['Failed', 'OutOfMemory'])
    boss.offer(sqlStep('b', 'SELECT 1 AS id'))
    await succeeds(boss, 'b')
    assert.notEqual(one.engines()[0], engine)
    assert.equal(Object.values(commits()).length, 1)
  })

  it('takes its engine along when it is killed itself, and the step goes to another', async () => {
    await using boss = await operator()
    await using one = worker()
    boss.offer(sqlStep('a', ENDLESS_SQL))
    await boss.leased('a')
    const [engine = 0] = one.engines()
    await until('the engine is at the query', () => cpuTicks(engine) > 100)
    one.signal('SIGKILL')
    await until('the engine is gone', () => !existsSync(`/proc/${engine}`))
    await using _two = new WorkerProcess({ url: server.url, folder, name: 'two' })
    await until('another has it', () => boss.leasedTo('a') === 'two')
    assert.equal(boss.tries.get('a'), 2)
  })

  it('commits nothing once its lease has run out, even if it is not there to stop the step', async () => {
    await using boss = await operator()
    await using one = worker()
    boss.offer(gatedStep('a', gate()))
    await waits()
    one.signal('SIGSTOP')
    await until('the lease is over', () => boss.counts.includes('expired'))
    open() // the engine gets as far as the commit, with nobody to tell it that its time is over
    await until('its rows are written', () => readdirSync(join(folder, 'tables/a')).some(isData))
    await using two = new WorkerProcess({ url: server.url, folder, name: 'two' })
    const { state, write } = await boss.outcome('a')
    assert.deepEqual([state, write?.rows, write?.alreadyCommitted], ['Succeeded', 1, undefined])
    assert.deepEqual(Object.values(commits()), [1])
    one.signal('SIGCONT')
    await one.logs('the running step is stopped')
    await until('the first is free again', () => boss.idle.includes('one') || boss.idle.includes('two'))
    assert.deepEqual(Object.values(commits()), [1])
    assert.equal(two.log.includes('"state":"Succeeded"'), true)
  })

  it('stops its step by itself when nobody hears it for the time of a lease', async () => {
    await using link = await server.link()
    await using boss = await operator()
    await using one = worker(link.url)
    boss.offer(gatedStep('a', gate()))
    await waits()
    link.silence()
    await one.logs('"reason":"lost"')
    await one.logs('"state":"Cancelled"')
    assert.deepEqual(commits(), {})
    link.mend()
    open()
    await succeeds(boss, 'a')
    assert.deepEqual(Object.values(commits()), [1])
  })

  it('stops a query when the operator says so', async () => {
    await using boss = await operator()
    await using one = worker()
    boss.offer(sqlStep('a', ENDLESS_SQL))
    await boss.leased('a')
    await until('the engine is at it', () => one.engines().length === 1)
    boss.stop('cancelled')
    assert.equal((await boss.outcome('a')).state, 'Cancelled')
    assert.deepEqual(commits(), {})
  })

  it('tells of a step that took too long as such', async () => {
    await using boss = await operator()
    await using _one = worker()
    boss.offer(sqlStep('a', ENDLESS_SQL))
    await boss.leased('a')
    boss.stop('timedOut')
    const { state, error } = await boss.outcome('a')
    assert.deepEqual([state, error?.code, error?.kind], ['Failed', 'TimedOut', 'transient'])
  })

  it('finishes its step when it is told to end, tells the outcome, and ends well', async () => {
    await using boss = await operator()
    await using one = worker()
    boss.offer(gatedStep('a', gate()), sqlStep('b', 'SELECT 1 AS id'))
    await waits()
    one.signal('SIGTERM')
    await one.logs('draining')
    open()
    await succeeds(boss, 'a')
    assert.equal(await one.ended, 0)
    assert.equal(boss.outcomes.has('b'), false)
    assert.equal(existsSync(join(folder, 'work', 'one')), false)
  })

  it('stops its step when it is told to end twice, and tells that too', async () => {
    await using boss = await operator()
    await using one = worker()
    boss.offer(gatedStep('a', gate()))
    await waits()
    one.signal('SIGTERM')
    await one.logs('draining')
    one.signal('SIGTERM')
    assert.equal((await boss.outcome('a')).state, 'Cancelled')
    assert.equal(await one.ended, 0)
    assert.deepEqual(commits(), {})
  })

  it('ends at once when it is told to while it has nothing to do, and gets no more steps', async () => {
    await using boss = await operator()
    await using one = worker()
    await until('it waits for a step', () => boss.idle.includes('one'))
    one.signal('SIGTERM')
    assert.equal(await one.ended, 0)
    assert.deepEqual(boss.idle, [])
  })

  it('replaces its engine after a number of steps', async () => {
    await using boss = await operator()
    await using one = worker(server.url, ['--max-steps', '2'])
    await until('it has an engine', () => one.engines().length > 0)
    const [first] = one.engines()
    boss.offer(...['a', 'b', 'c'].map((name) => sqlStep(name, 'SELECT 1 AS id')))
    for (const name of ['a', 'b', 'c']) await succeeds(boss, name)
    assert.ok(!one.engines().includes(first ?? 0))
  })
})
