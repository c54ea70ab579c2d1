import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../src/base/index.ts'
import { createDuckDbEngine, type DuckDbEngine } from '../../src/engine/index.ts'
import { openFileStore } from '../../src/formats/index.ts'
import { parseTemplate, type StepPlan } from '../../src/plan/index.ts'
import type { Row, StepContext } from '../../src/step/index.ts'
import { csv, type Fixture, jsonFile, rows, sql, step, stepFixture } from './step-fixture.ts'

let engine: DuckDbEngine
let fixture: Fixture
before(() => {
  engine = createDuckDbEngine({ memoryLimit: '256MB', threads: 2 })
})
after(() => engine.close())
beforeEach(() => {
  fixture = stepFixture()
})
afterEach(() => fixture.remove())

const run = (changes: Partial<StepPlan>, context = fixture.context()) => engine.runStep(step(changes), context)

const result = () =>
  readFileSync(join(fixture.root, 'out.json'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof Fault, String(thrown))
  return thrown
}

test('without a body a step copies its only source', async () => {
  const written = await run({
    sources: [
      rows('r', [
        { a: 1, b: 'x' },
        { a: 2, b: null },
      ]),
    ],
  })
  assert.deepEqual(result(), [
    { a: 1, b: 'x' },
    { a: 2, b: null },
  ])
  assert.equal(written.rows, 2)
})

test('a sql body sees its sources under their aliases', async () => {
  fixture.file('planes.csv', 'tailnum,seats\nN1,100\nN2,200\n')
  const body = sql('SELECT p.tailnum, seats * factor AS n FROM csv p, factors ORDER BY 1')
  await run({ sources: [csv('planes.csv'), rows('factors', [{ factor: 2 }])], body })
  assert.deepEqual(result(), [
    { tailnum: 'N1', n: 200 },
    { tailnum: 'N2', n: 400 },
  ])
})

for (const text of [
  'VALUES (1)',
  'FROM r',
  'TABLE r',
  'WITH x AS (FROM r) SELECT * FROM x',
  '(SELECT 1);',
  'SELECT 1 -- end',
  "SELECT ';--' AS s; -- end;",
])
  test(`a sql body may be ${text}`, async () => {
    assert.equal((await run({ sources: [rows('r', [{ a: 1 }])], body: sql(text) })).rows, 1)
  })

const refused = [
  "COPY (SELECT 1) TO 'x.csv'",
  "ATTACH 'x.db'",
  'SET threads = 1',
  'CREATE TABLE t AS SELECT 1',
  'INSERT INTO r VALUES (1)',
  'DROP VIEW r',
  'PRAGMA version',
  'CALL pragma_version()',
  'SELECT 1; SELECT 2',
  "SELECT 1; COPY (SELECT 1) TO 'x.csv'",
  'EXPLAIN SELECT 1',
  '-- nothing',
]

for (const text of refused)
  test(`a sql body that is not one SELECT is refused: ${text}`, async () => {
    const fault = await faultOf(run({ sources: [rows('r', [{ a: 1 }])], body: sql(text) }))
    assert.deepEqual([fault.kind, fault.code], ['invalid', 'NotASelect'])
    assert.equal(fault.at?.field, 'sql')
  })

for (const text of [
  "SELECT * FROM read_csv('/etc/passwd')",
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT (SELECT content FROM read_text('/etc/passwd'))",
  "SELECT * FROM '/etc/passwd'",
  "SELECT * FROM query('SELECT 1')",
  "WITH x AS (FROM glob('/etc/*')) FROM x",
])
  test(`a sql body can't read what the step does not declare: ${text}`, async () => {
    const fault = await faultOf(run({ body: sql(text) }))
    assert.deepEqual([fault.kind, fault.code], ['denied', 'OutsideStep'])
    assert.equal(fault.at?.field, 'sql')
  })

test("a sql body can't read a file beside a declared one", async () => {
  fixture.file('a.csv', 'a\n1\n')
  fixture.file('secret.csv', 'a\n2\n')
  const body = sql(`SELECT * FROM "${join(fixture.root, 'secret.csv')}"`)
  assert.equal((await faultOf(run({ sources: [csv('a.csv')], body }))).code, 'OutsideStep')
})

test('an error in the SQL is placed in the text as the user wrote it, after params and beyond ASCII', async () => {
  const text = "SELECT 'é💥', $(params.long), oops FROM r"
  const params = { long: { type: 'string' as const, value: 'x'.repeat(500) } }
  const fault = await faultOf(run({ sources: [rows('r', [{ a: 1 }])], body: sql(text) }, fixture.context({ params })))
  assert.equal(fault.code, 'UnknownColumn')
  assert.deepEqual(fault.at, { field: 'sql', offset: text.indexOf('oops') })
})

test('an error in a param’s place is placed at its placeholder', async () => {
  const text = 'SELECT a + $(params.word) AS x FROM r'
  const params = { word: { type: 'string' as const, value: 'abc' } }
  const fault = await faultOf(run({ sources: [rows('r', [{ a: 1 }])], body: sql(text) }, fixture.context({ params })))
  assert.equal(fault.code, 'ConversionError')
  assert.deepEqual(fault.at, { field: 'sql', offset: text.indexOf('$(') })
})

test('an error that comes while the query runs is placed too', async () => {
  const text = "SELECT 'é' AS e, CAST(s AS INTEGER) AS n FROM r"
  const fault = await faultOf(run({ sources: [rows('r', [{ s: '1' }, { s: 'x' }])], body: sql(text) }))
  assert.equal(fault.code, 'ConversionError')
  assert.deepEqual(fault.at, { field: 'sql', offset: text.indexOf('CAST') })
})

test('an error in a source’s predicate is not taken for one in the SQL', async () => {
  const uri = join(fixture.root, 'lake', 'names')
  const context = (runId: string) => {
    const tables = { 'raw.names': { uri, targetFileSize: null, properties: {} } }
    const given = fixture.context({ openStore: openFileStore, storage: { tables } })
    return { ...given, info: { ...given.info, runId } }
  }
  const target = {
    kind: 'table',
    ref: 'raw.names',
    write: { mode: 'replace', partitionBy: [] },
    schema: 'strict',
    dropExtraColumns: false,
    failOnEmpty: false,
  } as const
  await run(
    { body: sql("SELECT 'x' AS s"), target: { ...target, write: { mode: 'replace', partitionBy: [] } } },
    context('a'),
  )
  const where = [parseTemplate('CAST(s AS INTEGER) > 0').template]
  const names = { kind: 'table', alias: 'names', ref: 'raw.names', where, columns: [] } as const
  const body = sql(`SELECT count(*) AS c, '${'long '.repeat(200)}' AS text FROM names`)
  const fault = await faultOf(run({ sources: [{ ...names, where, columns: [] }], body }, context('b')))
  assert.equal(fault.code, 'ConversionError')
  assert.notEqual(fault.at?.field, 'sql')
})

test('columns of one name are refused by name', async () => {
  const fault = await faultOf(run({ body: sql('SELECT 1 AS a, 2 AS A') }))
  assert.equal(fault.code, 'DuplicateColumn')
  assert.match(fault.message, /column "A" occurs twice/)
})

test('no text of a param is ever SQL', async () => {
  const nasty = fc.constantFrom(
    "'; DROP VIEW r; --",
    "' OR 1=1 --",
    '$(params.other)',
    "\\'",
    '"',
    "''",
    '/*',
    "x'||'y",
  )
  const text = fc.oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 30 })).filter((value) => !value.includes('\0'))
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      const params = { p: { type: 'string' as const, value }, other: { type: 'string' as const, value: 'no' } }
      await run({ body: sql('SELECT $(params.p) AS v') }, fixture.context({ params }))
      assert.deepEqual(result(), [{ v: value }])
    }),
    { numRuns: 40 },
  )
})

test('a temp that one step wrote is read by another, parts together by name', async () => {
  const context = fixture.context()
  const target = { kind: 'temp', name: 'parts', scope: 'run', append: true } as const
  const first = await run({ body: sql("SELECT 1 AS a, 'x' AS b"), target }, context)
  assert.deepEqual([first.rows, first.files], [1, 1])
  assert.ok(first.bytes > 0)
  const second = { ...context, info: { ...context.info, step: 'two' } }
  await run({ body: sql("SELECT 'y' AS b, 2 AS a"), target }, second)
  await run({ sources: [{ kind: 'temp', alias: 't', name: 'parts' }], body: sql('FROM t ORDER BY a') }, context)
  assert.deepEqual(result(), [
    { a: 1, b: 'x' },
    { a: 2, b: 'y' },
  ])
})

test('rows keep the order that the SQL gives them', async () => {
  await run({ body: sql('SELECT range AS n FROM range(50000) ORDER BY hash(n)') })
  const first = readFileSync(join(fixture.root, 'out.json'), 'utf8')
  await run({ body: sql('SELECT range AS n FROM range(50000) ORDER BY hash(n)') })
  assert.equal(readFileSync(join(fixture.root, 'out.json'), 'utf8'), first)
})

test('phases are told in order', async () => {
  await run({ body: sql('SELECT 1 AS a') })
  assert.deepEqual(
    fixture.progress.filter(({ percentage }) => percentage === undefined).map(({ phase }) => phase),
    ['read', 'transform', 'write'],
  )
})

test('a custom reader replaces the reading of the sources that it wants', async () => {
  const context = fixture.context({
    reader: { read: async (source) => (source.alias === 'a' ? [{ n: 40 }] : undefined) },
  })
  await run(
    {
      sources: [csv('not-there.csv'), rows('b', [{ n: 2 }])].map((s, i) => ({ ...s, alias: 'ab'[i] ?? '' })),
      body: sql('SELECT a.n + b.n AS n FROM a, b'),
    },
    context,
  )
  assert.deepEqual(result(), [{ n: 42 }])
})

test('a custom writer is given the rows, and may leave them to the built-in one', async () => {
  const seen: Row[] = []
  const writer: StepContext['writer'] = {
    async write(frame, target) {
      if (target.kind !== 'temp') return undefined
      for await (const row of frame.rows()) seen.push(row)
      return { rows: seen.length }
    },
  }
  const context = fixture.context({ writer })
  const target = { kind: 'temp', name: 't', scope: 'run', append: false } as const
  assert.equal((await run({ body: sql('SELECT 1::BIGINT AS a'), target }, context)).rows, 1)
  assert.deepEqual(seen, [{ a: 1n }])
  await run({ body: sql('SELECT 2 AS a') }, context)
  assert.deepEqual(result(), [{ a: 2 }])
})

test('cancelling interrupts a long query and leaves no file', async () => {
  const abort = new AbortController()
  const context = fixture.context({
    signal: abort.signal,
    onProgress: ({ phase }) => void (phase === 'write' && setTimeout(() => abort.abort(), 100)),
  })
  const body = sql('SELECT a.range AS a FROM range(1000000000) a, range(100000) b WHERE a.range % 7 = b.range % 5')
  const fault = await faultOf(run({ body }, context))
  assert.deepEqual([fault.kind, fault.code], ['transient', 'Interrupted'])
  assert.deepEqual(readdirSync(fixture.root).sort(), ['temps', 'work'])
})

test('a step whose time is over commits nothing', async () => {
  fixture.file('out.json', 'before')
  const context = fixture.context({
    assertMayCommit: () => {
      throw new Fault({ kind: 'conflict', code: 'LeaseLost', message: 'cannot commit: the lease is over' })
    },
  })
  assert.equal((await faultOf(run({ body: sql('SELECT 1 AS a') }, context))).code, 'LeaseLost')
  assert.equal(readFileSync(join(fixture.root, 'out.json'), 'utf8'), 'before')
  assert.deepEqual(readdirSync(fixture.root).sort(), ['out.json', 'temps', 'work'])
})

test('too little memory has a name, and the next step runs', async () => {
  const small = createDuckDbEngine({ memoryLimit: '40MB', threads: 1 })
  try {
    const body = sql('SELECT list(range) AS l FROM range(50000000)')
    const fault = await faultOf(small.runStep(step({ body }), fixture.context()))
    assert.deepEqual([fault.kind, fault.code], ['transient', 'OutOfMemory'])
    assert.match(fault.message, /; the step has 40MB: give it more \(--memory\), or make it sort/)
    assert.equal((await small.runStep(step({ body: sql('SELECT 1 AS a') }), fixture.context())).rows, 1)
  } finally {
    await small.close()
  }
})

test('memory divided among too many steps at the same time is told as that', async () => {
  const crowd = createDuckDbEngine({ parallel: 1_000_000, threads: 1 })
  try {
    const fault = await faultOf(crowd.runStep(step({ sources: [rows('r', [{ a: 1 }])] }), fixture.context()))
    assert.deepEqual([fault.kind, fault.code], ['transient', 'OutOfMemory'])
    assert.match(
      fault.message,
      /the step has 0MiB, its share among 1000000 steps at the same time: run fewer of them \(--parallel\), or say how much each may use \(--memory\)/,
    )
  } finally {
    await crowd.close()
  }
})

test('as many threads as would use up the machine are refused at once', () => {
  for (const threads of [0, 1.5, 1025])
    assert.throws(
      () => createDuckDbEngine({ threads }),
      (thrown) => thrown instanceof Fault && thrown.code === 'InvalidThreads' && thrown.message.includes('1 to 1024'),
    )
})

test('a memory limit that is no size is told at once', () => {
  assert.throws(
    () => createDuckDbEngine({ memoryLimit: 'plenty' }),
    (thrown) => thrown instanceof Fault && thrown.code === 'InvalidMemoryLimit' && thrown.message.includes('"plenty"'),
  )
})

for (const [memoryLimit, shown] of [
  ['64MB', '61.0 MiB'],
  ['64Mi', '64.0 MiB'],
  ['64MiB', '64.0 MiB'],
  ['0.5G', '476.8 MiB'],
])
  test(`a memory limit of ${memoryLimit} holds`, async () => {
    const limited = createDuckDbEngine({ memoryLimit: memoryLimit ?? '' })
    await limited.runStep(step({ body: sql("SELECT current_setting('memory_limit') AS m") }), fixture.context())
    assert.deepEqual(result(), [{ m: shown }])
    await limited.close()
  })

test('a query that is too large for memory spills into the work folder', async () => {
  const small = createDuckDbEngine({ memoryLimit: '60MB', threads: 1 })
  try {
    const body = sql('SELECT range AS n, md5(range::VARCHAR) AS h FROM range(1500000) ORDER BY h')
    assert.equal(
      (
        await small.runStep(
          step({ body, target: { kind: 'temp', name: 't', scope: 'run', append: false } }),
          fixture.context(),
        )
      ).rows,
      1_500_000,
    )
  } finally {
    await small.close()
  }
})

test('a full disk has a name and leaves nothing', (t) => {
  const mounted = join(fixture.root, 'small')
  mkdirSync(mounted)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted], { stdio: 'pipe' })
  } catch (thrown) {
    if (process.env['CI'] !== undefined) throw thrown
    t.skip('mounting a small tmpfs needs root')
    return undefined
  }
  return (async () => {
    try {
      const body = sql('SELECT range AS n, md5(range::VARCHAR) AS h FROM range(500000)')
      const fault = await faultOf(run({ body, target: jsonFile('small/out.json') }))
      assert.deepEqual([fault.kind, fault.code], ['transient', 'DiskFull'])
      assert.deepEqual(readdirSync(mounted), [])
    } finally {
      execFileSync('umount', [mounted])
    }
  })()
})
