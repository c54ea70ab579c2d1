import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../src/base/index.ts'
import { CalendarDate } from '../../src/engine/duckdb/calendar-date.ts'
import { SqlFailure } from '../../src/engine/duckdb/errors.ts'
import { InstancePool } from '../../src/engine/duckdb/instance.ts'
import type { DuckDbSession } from '../../src/engine/duckdb/session.ts'
import type { Row } from '../../src/step/index.ts'
import { openSession } from './open-session.ts'

let pool: InstancePool
let session: DuckDbSession
before(() => {
  pool = new InstancePool({ memoryLimit: '512MB', threads: 2 })
})
after(() => pool.close())
beforeEach(async () => {
  session = await openSession(pool)
})
afterEach(() => session.close())

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof Fault, String(thrown))
  return thrown
}

async function chunksOf(sql: string): Promise<Row[][]> {
  const chunks: Row[][] = []
  for await (const chunk of session.stream(sql)) chunks.push(chunk)
  return chunks
}

const failures = [
  { sql: 'SELEC 1', code: 'SqlSyntax', offset: 0 },
  { sql: "SELECT 'é€💥' AS a, oops FROM (SELECT 1 AS oop)", code: 'UnknownColumn', offset: 20 },
  { sql: 'SELECT 1;\nSELECT * FROM nowhere', code: 'UnknownTable', offset: 24 },
  { sql: 'SELECT lenth(1)', code: 'UnknownFunction', offset: 7 },
  { sql: 'SELECT length(1)', code: 'NoMatchingFunction', offset: 7 },
  { sql: 'SELECT x FROM (SELECT 1 AS x) a, (SELECT 2 AS x) b', code: 'AmbiguousColumn', offset: 7 },
  { sql: "SELECT CAST('x' AS INTEGER)", code: 'ConversionError', offset: 7 },
  { sql: 'SELECT 9223372036854775807 + 1', code: 'OutOfRange', offset: undefined },
]

for (const { sql, code, offset } of failures)
  test(`an error of the engine has a name and a place: ${code}`, async () => {
    const fault = await faultOf(session.rows(sql))
    assert.equal(fault.kind, 'invalid')
    assert.equal(fault.code, code)
    assert.equal(fault.at?.offset, offset)
    assert.doesNotMatch(fault.message, /\n|\{"/)
    assert.match(fault.message, /^cannot /)
    assert.ok(fault.cause instanceof SqlFailure)
  })

test('a misspelt column is told with the nearest that there is', async () => {
  const fault = await faultOf(session.describe('SELECT carier FROM (SELECT 1 AS carrier)'))
  assert.equal(fault.message, 'cannot find column "carier": no source has it; did you mean carrier?')
  assert.deepEqual(fault.at, { field: 'sql', offset: 7 })
})

test('a stream gives all rows in chunks, while other statements run', async () => {
  await session.run('CREATE TABLE numbers AS SELECT range AS n FROM range(10000)')
  let count = 0
  let sum = 0n
  for await (const chunk of session.stream('SELECT n FROM numbers ORDER BY n')) {
    assert.ok(chunk.length <= 2048)
    await session.run('SELECT 1')
    count += chunk.length
    for (const row of chunk) sum += row['n'] as bigint
  }
  assert.equal(count, 10_000)
  assert.equal(sum, 49_995_000n)
})

test('rows of a stream hold JavaScript values', async () => {
  const sql = `SELECT true AS b, 1::SMALLINT AS i, 2::BIGINT AS big, 1.25::DECIMAL(5,2) AS d, 1.5::DECIMAL(38,2) AS wide,
    DATE '2013-01-31' AS day, TIMESTAMPTZ '2013-01-31 05:06:07.123Z' AS at, TIMESTAMP '1969-12-31 23:59:59.999' AS before,
    'x' AS s, '\\x00\\xFF'::BLOB AS bytes, [1, NULL] AS l, {'a': 1, 'b c': 'y'} AS o, MAP {'k': 1} AS m, NULL AS nothing,
    TIME '01:02:03' AS time, uuid() IS NOT NULL AS u`
  const [[row] = []] = await chunksOf(sql)
  assert.deepEqual(row, {
    b: true,
    i: 1,
    big: 2n,
    d: 1.25,
    wide: '1.50',
    day: new CalendarDate(15_736),
    at: new Date('2013-01-31T05:06:07.123Z'),
    before: new Date('1969-12-31T23:59:59.999Z'),
    s: 'x',
    bytes: new Uint8Array([0, 255]),
    l: [1, null],
    o: { a: 1, 'b c': 'y' },
    m: new Map([['k', 1]]),
    nothing: null,
    time: '01:02:03',
    u: true,
  })
  assert.equal(JSON.stringify(row?.['day']), '"2013-01-31"')
})

test('a stream that is left early frees its connection', async () => {
  for await (const chunk of session.stream('SELECT range FROM range(1000000)')) {
    assert.ok(chunk.length > 0)
    break
  }
  assert.deepEqual(await session.rows('SELECT 1 AS one'), [{ one: 1 }])
})

const types = async (table: string) =>
  Object.fromEntries((await session.describe(`FROM ${table}`)).map(({ name, type }) => [name, type]))

test('the types of loaded rows are found from their values', async () => {
  const first = { b: true, n: 1, big: 2n ** 64n, d: 0.5, s: 'x', at: new Date(0), day: new CalendarDate(1) }
  await session.load('t', [
    { ...first, bytes: new Uint8Array([1]), l: [1, 2.5], o: { x: 1 }, m: new Map([['k', 1n]]), none: null },
  ])
  assert.deepEqual(await types('t'), {
    b: 'BOOLEAN',
    n: 'BIGINT',
    big: 'HUGEINT',
    d: 'DOUBLE',
    s: 'VARCHAR',
    at: 'TIMESTAMP WITH TIME ZONE',
    day: 'DATE',
    bytes: 'BLOB',
    l: 'DOUBLE[]',
    o: 'STRUCT(x BIGINT)',
    m: 'MAP(VARCHAR, BIGINT)',
    none: 'VARCHAR',
  })
})

test('types widen when later batches need it: integer to number, new columns, new members', async () => {
  function* given(): Generator<Row> {
    for (let n = 0; n < 20_000; n++) yield { n, o: { a: n } }
    yield { n: 0.5, o: { a: 1, b: 'x' }, late: 'z' }
  }
  await session.load('t', given())
  assert.deepEqual(await types('t'), { n: 'DOUBLE', o: 'STRUCT(a BIGINT, b VARCHAR)', late: 'VARCHAR' })
  assert.deepEqual(await session.rows('SELECT count(*) AS c, sum(n) AS s, count(o.b) AS b, count(late) AS l FROM t'), [
    { c: '20001', s: 199_990_000.5, b: '1', l: '1' },
  ])
})

test('declared columns override, others are found; nested types are converted', async () => {
  const rows = [{ day: '2013-01-31', price: '1.25', list: [1, 2], map: { k: 1 }, doc: { deep: [1n] }, other: 'x' }, {}]
  await session.load('t', rows, [
    { name: 'day', type: 'DATE' },
    { name: 'price', type: 'DECIMAL(10,2)' },
    { name: 'list', type: 'SMALLINT[]' },
    { name: 'map', type: 'MAP(VARCHAR, INTEGER)' },
    { name: 'doc', type: 'JSON' },
    { name: 'missing', type: 'UUID' },
  ])
  assert.deepEqual(await session.rows('SELECT * EXCLUDE (map), map::VARCHAR AS map FROM t LIMIT 1'), [
    { day: '2013-01-31', price: '1.25', list: [1, 2], doc: '{"deep":[1]}', missing: null, other: 'x', map: '{k=1}' },
  ])
  assert.equal((await session.rows('FROM t')).length, 2)
})

test('no rows at all make an empty table when the columns are declared, else an error says so', async () => {
  await session.load('t', [], [{ name: 'n', type: 'BIGINT' }])
  assert.deepEqual(await session.rows('SELECT count(*) AS c FROM t'), [{ c: '0' }])
  assert.equal((await faultOf(session.load('u', []))).code, 'NoColumns')
})

const clashes: { why: string; rows: unknown[]; columns?: { name: string; type: string }[]; message: RegExp }[] = [
  {
    why: 'another type',
    rows: [{ a: 1 }, { a: 'x' }],
    message: /column "a" in row 2: it is string, where earlier rows have integer/,
  },
  { why: 'a function', rows: [{ a: () => 1 }], message: /column "a" in row 1: it is a function/ },
  { why: 'an instance', rows: [{ a: new URL('http://x') }], message: /column "a" in row 1: it is a URL/ },
  { why: 'an invalid Date', rows: [{ a: new Date('x') }], message: /column "a" in row 1: it is an invalid Date/ },
  { why: 'a mixed list', rows: [{ a: [1, 'x'] }], message: /a list of both integer and string/ },
  { why: 'a row that is none', rows: [{ a: 1 }, 7], message: /row 2: it is a number; a row is an object/ },
  {
    why: 'no DATE',
    rows: [{ a: '2013-01-31' }, { a: 'soon' }],
    columns: [{ name: 'a', type: 'DATE' }],
    message: /column "a" in row 2: "soon" .* is no DATE/,
  },
  {
    why: 'a fraction',
    rows: [{ a: 1.5 }],
    columns: [{ name: 'a', type: 'INTEGER' }],
    message: /column "a" in row 1: it is 1.5, which is no INTEGER/,
  },
]

for (const { why, rows, columns, message } of clashes)
  test(`a row that does not fit is told by number and column: ${why}`, async () => {
    const fault = await faultOf(session.load('t', rows as Row[], columns))
    assert.equal(fault.kind, 'invalid')
    assert.match(fault.message, message)
    assert.equal(fault.at, undefined)
  })

test('rows that go in and come out are the same', async () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.boolean().map((b) => ({ b })),
    fc.double({ noNaN: true, noInteger: true }).map((d) => ({ d })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((i) => ({ i })),
    fc
      .string({ unit: 'grapheme' })
      .filter((s) => !s.includes('\0'))
      .map((s) => ({ s })),
    fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }).map((t) => ({ t })),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => ({ bytes })),
    fc.array(fc.integer(), { maxLength: 3 }).map((l) => ({ l: l.map(BigInt) })),
  )
  let table = 0
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
      const given = values.map((v, n) => ({ n: BigInt(n), ...v }))
      const name = `t${table++}`
      await session.load(name, given)
      const back = (await chunksOf(`FROM ${name} ORDER BY n`)).flat()
      const withoutNulls = back.map((row) => Object.fromEntries(Object.entries(row).filter(([, v]) => v !== null)))
      assert.deepEqual(withoutNulls, given)
    }),
    { numRuns: 60 },
  )
})

test('an aborted signal interrupts what runs, and nothing more is begun', async () => {
  const abort = new AbortController()
  const own = await openSession(pool, { signal: abort.signal, onPercentage: () => undefined })
  const running = own.rows('SELECT count(*) FROM range(1000000000) a, range(100000) b WHERE a.range % 7 = b.range % 5')
  setTimeout(() => abort.abort(new Error('cancelled')), 50)
  const fault = await faultOf(running)
  assert.deepEqual([fault.kind, fault.code], ['transient', 'Interrupted'])
  assert.equal((await faultOf(own.rows('SELECT 1'))).code, 'Interrupted')
  assert.equal((await faultOf(own.stream('SELECT 1').next())).code, 'Interrupted')
  await own.close()
})

const outside = [
  "SELECT * FROM read_csv('/etc/passwd')",
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT * FROM glob('/etc/*')",
  "SELECT * FROM '/etc/passwd.csv'",
  "COPY (SELECT 1) TO '/tmp/loom-outside.csv'",
  "ATTACH '/tmp/loom-outside.db'",
  'INSTALL httpfs',
  "LOAD '/tmp/loom-outside.duckdb_extension'",
  'SET enable_external_access = true',
  "SET allowed_directories = ['/']",
  'RESET lock_configuration',
]

for (const sql of outside)
  test(`a closed engine refuses ${sql}`, async () => {
    const fault = await faultOf(session.run(sql))
    assert.match(fault.code, /^(OutsideStep|SqlError|UnknownTable)$/)
  })
