import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, mock, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../src/base/index.ts'
import { readsOnly, STATEFUL_FUNCTIONS } from '../../src/engine/duckdb/company.ts'
import { InstancePool } from '../../src/engine/duckdb/instance.ts'
import { parseSelect } from '../../src/engine/duckdb/select.ts'
import type { DuckDbSession } from '../../src/engine/duckdb/session.ts'
import { createDuckDbEngine, type DuckDbEngine } from '../../src/engine/index.ts'
import type { StepPlan, TempTarget } from '../../src/plan/index.ts'
import type { StepContext } from '../../src/step/index.ts'
import { openSession } from './open-session.ts'
import { csv, type Fixture, inline, jsonFile, rows, sql, step, stepFixture } from './step-fixture.ts'

let pool: InstancePool
let session: DuckDbSession
let engine: DuckDbEngine
let fixture: Fixture
before(async () => {
  pool = new InstancePool({ memoryLimit: '256MB', threads: 1 })
  session = await openSession(pool)
})
after(async () => {
  await session.close()
  await pool.close()
})
beforeEach(() => {
  engine = createDuckDbEngine({ memoryLimit: '256MB', threads: 1 })
  fixture = stepFixture()
})
afterEach(async () => {
  await engine.close()
  fixture.remove()
  mock.restoreAll()
})

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof Fault, String(thrown))
  return thrown
}

const temp = (name: string): TempTarget => ({ kind: 'temp', name, scope: 'run', append: false })

/** A step that writes its result to a temp of its name. */
const member = (name: string, changes: Partial<StepPlan>): StepPlan => step({ name, target: temp(name), ...changes })

/** How to run each of the steps of one run, by name, and how many instances they have taken so far. */
function company(steps: StepPlan[], changes: Partial<StepContext> = {}) {
  const { storage: _, ...own } = changes
  const workFolder = join(fixture.root, 'company')
  mkdirSync(workFolder, { recursive: true })
  const context = fixture.context({ ...own, company: { steps, workFolder } })
  const opened = mock.method(DuckDBInstance, 'create')
  return {
    opened: () => opened.mock.callCount(),
    run: async (name: string) => {
      const plan = steps.find((candidate) => candidate.name === name)
      assert.ok(plan !== undefined)
      return await engine.runStep(plan, { ...context, info: { ...context.info, step: name } })
    },
    /** What the steps before have written to a temp. */
    read: async (name: string) => {
      const check = step({ sources: [{ kind: 'temp', alias: 't', name }], target: jsonFile('out.json') })
      await engine.runStep(check, { ...context, info: { ...context.info, step: 'check' } })
      const lines = readFileSync(join(fixture.root, 'out.json'), 'utf8').trimEnd().split('\n')
      return lines.map((line) => JSON.parse(line) as unknown)
    },
  }
}

test('steps of one run whose SQL is plainly harmless take one instance, one after the other', async () => {
  const each = Array.from({ length: 5 }, (_, n) => member(`s${n}`, { body: sql(`SELECT ${n} AS n FROM range(3)`) }))
  const { run, opened, read } = company(each)
  for (const { name } of each) assert.equal((await run(name)).rows, 3)
  assert.equal(opened(), 0, 'the one that was opened in advance does for all')
  assert.deepEqual(await read('s4'), [{ n: 4 }, { n: 4 }, { n: 4 }])
})

test('a step that shares sees its own sources, though an earlier one had others of the same names', async () => {
  const body = sql('SELECT sum(a) AS a, count(*) AS n FROM r, c')
  const steps = [
    member('one', { sources: [rows('r', [{ a: 1 }]), { ...csv('a.csv'), alias: 'c' }], body }),
    member('two', { sources: [rows('r', [{ a: 10 }, { a: 20 }]), { ...csv('b.csv'), alias: 'c' }], body }),
  ]
  fixture.file('a.csv', 'x\n1\n')
  fixture.file('b.csv', 'x\n1\n2\n')
  const { run, read } = company(steps)
  await run('one')
  await run('two')
  assert.deepEqual(await read('one'), [{ a: 1, n: 1 }])
  assert.deepEqual(await read('two'), [{ a: 60, n: 4 }])
})

test('nothing of an earlier step is left in the instance: no database, view, table or temporary object', async () => {
  const share = () => pool.share(REACH, { signal: new AbortController().signal })
  const first = await share()
  await first.run('CREATE TABLE t AS SELECT 1 AS a; CREATE VIEW v AS FROM t')
  await first.load('u', [{ a: 1 }])
  const seen: unknown[] = []
  for await (const chunk of first.stream('FROM v, u')) seen.push(...chunk)
  assert.equal(seen.length, 1)
  await first.close()
  const second = await share()
  const found = await second.rows(
    `SELECT table_name AS name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal
      UNION ALL SELECT database_name FROM duckdb_databases() WHERE NOT internal ORDER BY name`,
  )
  await second.close()
  assert.deepEqual(found, [{ name: 'memory' }, { name: 'step 2' }])
})

const REACH = { folders: [], files: [], extensions: [], spillFolder: '/nowhere/spill' }

for (const text of [
  'SELECT * FROM "FILE"',
  "SELECT * FROM 'FILE'",
  "SELECT * FROM read_csv('FILE')",
  "SELECT * FROM query_table('FILE')",
  "SELECT * FROM query('FROM ''FILE''')",
  "SELECT (SELECT count(*) FROM read_text('FILE')) AS n",
  "WITH x AS (FROM sniff_csv('FILE')) FROM x",
  'WITH "FILE" AS (SELECT 1) SELECT * FROM (WITH y AS (SELECT 1) FROM y), "FILE"',
])
  test(`a step that shares can't read what another step of its run declares: ${text}`, async () => {
    const path = fixture.file('other.csv', 'a\n1\n')
    const { run } = company([
      member('one', { sources: [csv('other.csv')] }),
      member('two', { body: sql(text.replaceAll('FILE', path)) }),
    ])
    await run('one')
    assert.match((await faultOf(run('two'))).code, /^(OutsideStep|UnknownTable)$/)
  })

test("a condition of a table source can't read what another step declares", async () => {
  const path = fixture.file('other.csv', 'a\n1\n')
  const context = { openStore: (await import('../../src/formats/index.ts')).openFileStore }
  const place = { uri: join(fixture.root, 'lake/t'), targetFileSize: null, properties: {} }
  const table = { kind: 'table', ref: 'a.t' } as const
  const steps = [
    member('one', { sources: [csv('other.csv')] }),
    member('two', {
      sources: [
        {
          ...table,
          alias: 't',
          columns: [],
          where: [{ source: '', parts: [{ text: `a IN (SELECT a FROM read_csv('${path}'))` }] }],
        },
      ],
    }),
  ]
  const write = step({
    body: sql('SELECT 1 AS a'),
    target: {
      ...table,
      schema: 'strict',
      dropExtraColumns: false,
      failOnEmpty: false,
      write: { mode: 'replace', partitionBy: [] },
    },
  })
  const storage = { tables: { 'a.t': place } }
  await engine.runStep(write, fixture.context({ ...context, storage }))
  const workFolder = join(fixture.root, 'company')
  mkdirSync(workFolder)
  const own = fixture.context({ ...context, storage, company: { steps, workFolder } })
  for (const plan of steps.slice(0, 1)) await engine.runStep(plan, own)
  const [, two] = steps
  assert.ok(two !== undefined)
  assert.equal((await faultOf(engine.runStep(two, own))).code, 'OutsideStep')
})

test("code can't query what another step declares", async () => {
  const path = fixture.file('other.csv', 'a\n1\n')
  const { run } = company([
    member('one', { sources: [csv('other.csv')] }),
    member('two', { body: inline(`export default () => "SELECT * FROM query_table('${path}')"`) }),
    member('three', { body: sql('SELECT 1 AS a') }),
  ])
  await run('one')
  assert.equal((await faultOf(run('two'))).code, 'OutsideStep')
})

test('a step that fails takes its instance with it, and the next one runs', async () => {
  const { run, opened } = company([
    member('one', { body: sql('SELECT 1 AS a') }),
    member('two', { body: sql("SELECT CAST('x' AS INTEGER) AS a FROM range(2)") }),
    member('three', { body: sql('SELECT 3 AS a') }),
  ])
  await run('one')
  assert.equal((await faultOf(run('two'))).code, 'ConversionError')
  assert.equal((await run('three')).rows, 1)
  assert.equal(opened(), 1)
})

test('steps at the same time do not share', async () => {
  const steps = ['one', 'two', 'three'].map((name) =>
    member(name, { body: sql('SELECT sum(range) AS a FROM range(1000000)') }),
  )
  const { run, opened } = company(steps)
  await Promise.all(steps.map(({ name }) => run(name)))
  assert.equal(opened(), 2)
  for (const { name } of steps) await run(name)
  assert.equal(opened(), 2)
})

test('a file that has changed since an earlier step is read as it is now', async () => {
  const source = { kind: 'file', alias: 'f', location: { path: 'f.parquet' }, format: 'parquet', options: {} } as const
  const steps = [member('one', { sources: [source] }), member('two', { sources: [source] })]
  const { run, read } = company(steps)
  const write = async (n: number) => {
    const target = {
      kind: 'file',
      location: { path: 'f.parquet' },
      format: 'parquet',
      options: { compression: 'zstd' },
    } as const
    await engine.runStep(step({ body: sql(`SELECT ${n} AS n`), target }), fixture.context())
  }
  await write(1)
  await run('one')
  await write(2)
  await run('two')
  assert.deepEqual(await read('two'), [{ n: 2 }])
})

test('what an instance spills lies in a folder of its own and is gone with it', async () => {
  const steps = ['one', 'two'].map((name) =>
    member(name, {
      body: sql('SELECT hash(range) AS h, repeat(range::VARCHAR, 9) AS t FROM range(400000) ORDER BY h'),
    }),
  )
  const small = createDuckDbEngine({ memoryLimit: '40MB', threads: 1 })
  const previous = engine
  engine = small
  try {
    const { run } = company(steps)
    const seen = new Set<string>()
    const watch = setInterval(() => {
      for (const name of readdirSync(join(fixture.root, 'company'))) seen.add(name)
    }, 1)
    for (const { name } of steps) assert.equal((await run(name)).rows, 400_000)
    clearInterval(watch)
    assert.deepEqual([...seen], ['spill-1'])
  } finally {
    await small.close()
    engine = previous
  }
  assert.deepEqual(readdirSync(join(fixture.root, 'company')), [])
})

const parsed = async (text: string) => {
  const { error, statements } = await parseSelect(text, session)
  assert.ok(!error, text)
  return statements
}

for (const text of [
  'SELECT a FROM r JOIN "s-1" USING (id) WHERE a IN (SELECT max(b) FROM R)',
  'WITH x AS (FROM r), RECURSIVE_like AS (SELECT 1) SELECT * FROM x, range(3) t(i), unnest([1, 2]), (VALUES (1)) v',
  'WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) FROM n',
  'SELECT COLUMNS(*), row_number() OVER (PARTITION BY a ORDER BY b), list_transform(l, x -> x + 1) FROM r',
  'SELECT * FROM (PIVOT r ON x IN (1, 2) USING sum(y)) UNION ALL BY NAME FROM (UNPIVOT r ON a, b)',
  'SELECT uuid(), random(), now(), current_date, md5(a) FROM r ASOF JOIN "s-1" ON r.a >= "s-1".b',
  'FROM r, LATERAL (SELECT r.a + 1)',
])
  test(`SQL over a step's own sources is plainly harmless: ${text}`, async () => {
    assert.equal(readsOnly(await parsed(text), ['r', 's-1']), true)
  })

for (const text of [
  'FROM other',
  'FROM main.r',
  'FROM memory.main.r',
  "FROM '/a/file.parquet'",
  'WITH "x.csv" AS (SELECT 1) FROM "x.csv"',
  "FROM glob('*')",
  'FROM duckdb_settings()',
  'FROM sqlite_master',
  'FROM (DESCRIBE r)',
  'FROM (SHOW TABLES)',
  'SELECT setseed(0.5)',
  "SELECT current_setting('temp_directory')",
  'SELECT CURRENT_SCHEMA()',
  'SELECT current_catalog',
  "SELECT getvariable('x')",
  "SELECT a FROM r WHERE EXISTS (FROM query('FROM r'))",
  'SELECT sum(a) FILTER (WHERE a IN (FROM other)) FROM r',
  'FROM r AT (VERSION => 1)',
])
  test(`SQL that is not plainly harmless is not taken for it: ${text}`, async () => {
    assert.equal(readsOnly(await parsed(text), ['r']), false)
  })

/** They depend on more than their arguments, but on nothing that another step could have left. */
const CLOCK_AND_CHANCE =
  'random gen_random_uuid uuid uuidv4 uuidv7 now today get_current_time get_current_timestamp current_date transaction_timestamp error stats sleep_ms'

test('every function of the engine that keeps or tells a state is known, also those of a newer engine', async () => {
  const found = await session.rows(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
      WHERE function_type IN ('scalar', 'aggregate') AND (stability <> 'CONSISTENT' OR has_side_effects)`,
  )
  const known = [...STATEFUL_FUNCTIONS, ...CLOCK_AND_CHANCE.split(' ')]
  assert.deepEqual(
    found.map(({ name }) => String(name)).filter((name) => !known.includes(name)),
    [],
  )
})
