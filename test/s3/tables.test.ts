// Tables in an S3 store, one step at a time: races, lost replies, failing stores, and how much is read.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Exchange, type FaultProxy, startProxy } from './bed/proxy.ts'
import { aRunner, FailedStep, type Runner, type StepSpec } from './bed/runner.ts'
import { KEYS, type S3Server, startS3Server } from './bed/server.ts'

let server: S3Server
let proxy: FaultProxy
let runner: Runner

before(async () => {
  server = await startS3Server()
  proxy = await startProxy(server.endpoint)
  runner = await aRunner(proxy.endpoint, 't')
})
beforeEach(() => {
  proxy.mishap = () => undefined
  proxy.exchanges.length = 0
})
after(async () => {
  runner.remove()
  await proxy.stop()
  await server.stop()
})

const select = (sql: string, ref: string, write: StepSpec = { replace: {} }): StepSpec => ({
  sources: { one: { rows: { values: [{ one: 1 }] } } },
  sql: sql.replace('FROM', 'FROM one,'),
  target: { table: { ref, ...write } },
})

const isEntry = ({ method, url }: Exchange, version: number): boolean =>
  method === 'PUT' && url.includes(`/_delta_log/${String(version).padStart(20, '0')}.json`)

/** The first put of that version waits until the work is done. */
function holdEntry(version: number, work: () => Promise<unknown>): void {
  let held = false
  proxy.mishap = async (exchange) => {
    if (held || !isEntry(exchange, version)) return undefined
    held = true
    await work()
    return undefined
  }
}

const errorOf = async (work: Promise<unknown>): Promise<FailedStep['error']> => {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(thrown instanceof FailedStep, `no failed step but ${String(thrown)}`)
  for (const secret of Object.values(KEYS)) assert.ok(!JSON.stringify(thrown.error).includes(secret))
  return thrown.error
}

describe('writers of one table in an S3 store', () => {
  it('both land when they append', async () => {
    await runner.step(select('SELECT range AS n FROM range(3)', 'race.appends'))
    holdEntry(1, () => runner.step(select('SELECT range AS n FROM range(10, 12)', 'race.appends', { append: {} })))
    const { tableVersion } = await runner.step(
      select('SELECT range AS n FROM range(20, 21)', 'race.appends', { append: {} }),
    )
    assert.equal(tableVersion, 2)
    const rows = await runner.query('SELECT n FROM t ORDER BY n', { t: 'race.appends' })
    assert.deepEqual(
      rows.map(({ n }) => Number(n)),
      [0, 1, 2, 10, 11, 20],
    )
  })

  it('of whom one lost work on what the other left: an upsert is made anew', async () => {
    const upsert = { upsert: { keys: ['k'] } }
    await runner.step(select("SELECT 1 AS k, 'old' AS v FROM range(1)", 'race.upserts'))
    holdEntry(1, () => runner.step(select("SELECT 1 AS k, 'first' AS v FROM range(1)", 'race.upserts', upsert)))
    await runner.step(select("SELECT 2 AS k, 'second' AS v FROM range(1)", 'race.upserts', upsert))
    const rows = await runner.query('SELECT k, v FROM t ORDER BY k', { t: 'race.upserts' })
    assert.deepEqual(rows, [
      { k: 1, v: 'first' },
      { k: 2, v: 'second' },
    ])
  })

  it('leave no data file behind that no version names', async () => {
    const folder = join(server.bucketFolder, 't/race/upserts')
    const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet'))
    const { length } = await runner.query('SELECT DISTINCT k FROM t', { t: 'race.upserts' })
    assert.equal(length, 2)
    // the old one, the first one's, and the second one's last: what the second one made first is gone
    assert.equal(names.length, 3)
  })
})

describe('a commit to an S3 store', () => {
  it('whose reply gets lost is known for our own', async () => {
    await runner.step(select('SELECT range AS n FROM range(3)', 'lost.t'))
    let lost = 0
    proxy.mishap = (exchange) => (isEntry(exchange, 1) && lost++ === 0 ? 'loseReply' : undefined)
    const { tableVersion, rows } = await runner.step(
      select('SELECT range AS n FROM range(5)', 'lost.t', { append: {} }),
    )
    assert.deepEqual([tableVersion, rows], [1, 5])
    assert.ok(lost > 1, 'the client itself has put it again')
    proxy.mishap = () => undefined
    assert.deepEqual(await runner.query('SELECT count(*)::INT AS n FROM t', { t: 'lost.t' }), [{ n: 8 }])
    assert.deepEqual((await readdir(join(server.bucketFolder, 't/lost/t/_delta_log'))).length, 2)
  })

  it('keeps partition values of any text', async () => {
    const values = ['a b', 'ü=+', "it''s", 'a/b?c%20*[x]#&', '..']
    const list = values.map((value) => `'${value}'`).join(', ')
    await runner.step(
      select(`SELECT unnest([${list}, NULL]) AS p, 1 AS n FROM range(1)`, 'odd.t', {
        append: { partitionBy: ['p'] },
      }),
    )
    const rows = await runner.query('SELECT p FROM t ORDER BY p NULLS LAST', { t: 'odd.t' })
    assert.deepEqual(
      new Set(rows.map(({ p }) => p)),
      new Set([...values.map((value) => value.replace("''", "'")), null]),
    )
  })
})

describe('a store that fails the engine', () => {
  it('slows down and goes on: the step succeeds', async () => {
    let times = 2
    proxy.mishap = ({ url }) => (url.includes('.parquet') && times-- > 0 ? 'slowDown' : undefined)
    await runner.step(select('SELECT range AS n FROM range(3)', 'fail.slow'))
    assert.ok(times <= 0)
  })

  it('never lets data through: the step fails by name, to be tried again, and leaves nothing', async () => {
    proxy.mishap = ({ url, method }) => (url.includes('.parquet') && method !== 'DELETE' ? 'slowDown' : undefined)
    const { kind, code } = await errorOf(runner.step(select('SELECT range AS n FROM range(3)', 'fail.never')))
    assert.deepEqual([kind, code], ['transient', 'SlowDown'])
    assert.deepEqual(await readdir(join(server.bucketFolder, 't/fail/never')).catch(() => []), [])
  })

  it('dies in the middle: the step fails by name', async () => {
    proxy.mishap = ({ url }) => (url.includes('.parquet') ? 'reset' : undefined)
    const { kind, code } = await errorOf(runner.step(select('SELECT range AS n FROM range(3)', 'fail.dead')))
    assert.deepEqual([kind, code], ['transient', 'StoreUnavailable'])
  })
})

describe('what is read of a table in an S3 store', () => {
  before(async () => {
    proxy.mishap = () => undefined
    const wide = Array.from({ length: 8 }, (_, i) => `md5((range * ${i + 2})::VARCHAR) AS c${i}`).join(', ')
    await runner.step(select(`SELECT range AS n, ${wide} FROM range(600000)`, 'wide.t'))
  })

  const read = async (sql: string): Promise<number> => {
    proxy.exchanges.length = 0
    await runner.step({
      sources: { t: { table: { ref: 'wide.t' } } },
      sql,
      target: { table: { ref: 'wide.out', schema: 'overwrite', replace: {} } },
    })
    const gets = proxy.exchanges.filter(({ method, url }) => method === 'GET' && url.includes('/wide/t/part-'))
    assert.ok(
      gets.every(({ range }) => range !== undefined),
      'a whole file is read',
    )
    return gets.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  it('is the columns that are needed, and the row groups', async () => {
    const all = await read('SELECT max(n) AS n, max(c0) AS c0, max(c1 || c2 || c3 || c4 || c5 || c6 || c7) AS c FROM t')
    const oneColumn = await read('SELECT max(c3) AS c3 FROM t')
    const oneGroup = await read('SELECT c3 FROM t WHERE n = 300000')
    assert.ok(all > 100_000_000, `${all}`)
    assert.ok(oneColumn < all / 6, `${oneColumn} of ${all} bytes for one column of nine`)
    assert.ok(oneGroup < oneColumn / 2, `${oneGroup} of ${oneColumn} bytes for one of five row groups`)
  })
})
