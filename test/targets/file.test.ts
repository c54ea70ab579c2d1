import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Fault } from '../../src/base/index.ts'
import { createDuckDbEngine, type DuckDbEngine } from '../../src/engine/index.ts'
import type { FileTarget } from '../../src/plan/index.ts'
import { type Fixture, jsonFile, rows, sql, step, stepFixture } from '../engine/step-fixture.ts'

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

const write = (text: string, target: FileTarget, context = fixture.context()) =>
  engine.runStep(step({ body: sql(text), target }), context)
const csvTo = (path: string, options: Partial<Extract<FileTarget, { format: 'csv' }>['options']> = {}): FileTarget => ({
  kind: 'file',
  location: { path },
  format: 'csv',
  options: { separator: ',', header: true, nullValue: '', ...options },
})
const text = (path: string) => readFileSync(join(fixture.root, path), 'utf8')
const two = "SELECT * FROM (VALUES (1, 'x;y'), (2, NULL)) t(a, b) ORDER BY a"

const forms: { why: string; target: FileTarget; contents: string }[] = [
  { why: 'csv', target: csvTo('o.csv'), contents: 'a,b\n1,x;y\n2,\n' },
  { why: 'csv with a separator', target: csvTo('o.csv', { separator: ';' }), contents: 'a;b\n1;"x;y"\n2;\n' },
  { why: 'csv without header', target: csvTo('o.csv', { header: false }), contents: '1,x;y\n2,\n' },
  { why: 'csv with a text for null', target: csvTo('o.csv', { nullValue: "N'A" }), contents: "a,b\n1,x;y\n2,N'A\n" },
  { why: 'json', target: jsonFile('o.csv'), contents: '{"a":1,"b":"x;y"}\n{"a":2,"b":null}\n' },
]

for (const { why, target, contents } of forms)
  test(`a file is written as its options say (FIL-2): ${why}`, async () => {
    const written = await write(two, target)
    assert.equal(text('o.csv'), contents)
    assert.deepEqual(written, { rows: 2, bytes: contents.length, files: 1, warnings: [] })
  })

test('a name that ends in .gz is packed', async () => {
  await write(two, csvTo('o.csv.gz'))
  await write(two, jsonFile('o.json.gz'))
  assert.equal(gunzipSync(readFileSync(join(fixture.root, 'o.csv.gz'))).toString(), 'a,b\n1,x;y\n2,\n')
  assert.match(gunzipSync(readFileSync(join(fixture.root, 'o.json.gz'))).toString(), /^\{"a":1/)
})

for (const compression of ['zstd', 'snappy', 'gzip', 'uncompressed'] as const)
  test(`parquet is written ${compression}`, async () => {
    await write(two, { kind: 'file', location: { path: 'o.parquet' }, format: 'parquet', options: { compression } })
    const source = {
      kind: 'file',
      alias: 'p',
      location: { path: 'o.parquet' },
      format: 'parquet',
      options: {},
    } as const
    await engine.runStep(step({ sources: [source] }), fixture.context())
    assert.equal(text('out.json'), '{"a":1,"b":"x;y"}\n{"a":2,"b":null}\n')
  })

test('folders above are made, and the storage’s names are places too', async () => {
  await write(two, csvTo('deep/er/o.csv'))
  assert.ok(existsSync(join(fixture.root, 'deep/er/o.csv')))
  const named: FileTarget = { kind: 'file', location: { file: 'report' }, format: 'json', options: {} }
  await write(two, named, fixture.context({ storage: { files: { report: join(fixture.root, 'reports/r.json') } } }))
  assert.ok(existsSync(join(fixture.root, 'reports/r.json')))
  await assert.rejects(write(two, named), (thrown) => thrown instanceof Fault && thrown.code === 'UnknownFile')
})

test('an empty result makes a file without rows', async () => {
  const written = await write('SELECT 1 AS a WHERE false', csvTo('o.csv'))
  assert.deepEqual([written.rows, text('o.csv')], [0, 'a\n'])
})

test('the file is replaced as a whole, and only when all is written (FIL-1)', async () => {
  fixture.file('o.json', 'old')
  const failing = "SELECT CAST(CASE WHEN range = 90000 THEN 'x' ELSE '1' END AS INTEGER) AS n FROM range(100000)"
  await assert.rejects(
    write(failing, jsonFile('o.json')),
    (thrown) => thrown instanceof Fault && thrown.code === 'ConversionError',
  )
  assert.equal(text('o.json'), 'old')
  assert.deepEqual(readdirSync(fixture.root).sort(), ['o.json', 'temps', 'work'])
  await write('SELECT 1 AS n', jsonFile('o.json'))
  assert.equal(text('o.json'), '{"n":1}\n')
  assert.deepEqual(readdirSync(fixture.root).sort(), ['o.json', 'temps', 'work'])
})

test('what a killed run left behind goes with a later write, once it is a day old', async () => {
  const old = fixture.file('.o.json.step-0.writing', 'half')
  fixture.file('.o.json.step-9.writing', 'somebody is at it')
  fixture.file('.other.json.step-0.writing', 'not ours')
  const yesterday = Date.now() / 1000 - 2 * 86_400
  utimesSync(old, yesterday, yesterday)
  await write('SELECT 1 AS n', jsonFile('o.json'))
  assert.deepEqual(readdirSync(fixture.root).sort(), [
    '.o.json.step-9.writing',
    '.other.json.step-0.writing',
    'o.json',
    'temps',
    'work',
  ])
})

test('a source may be the file that the step replaces', async () => {
  fixture.file('o.csv', 'a\n1\n2\n')
  const source = {
    kind: 'file',
    alias: 's',
    location: { path: 'o.csv' },
    format: 'csv',
    options: {
      separator: ',',
      header: true,
      nullValues: [],
      encoding: 'utf-8',
      inferSchemaLength: null,
      skipRows: 0,
      types: {},
    },
  } as const
  await engine.runStep(
    step({
      sources: [{ ...source, options: { ...source.options, nullValues: [] } }],
      body: sql('SELECT a + 1 AS a FROM s ORDER BY a'),
      target: csvTo('o.csv'),
    }),
    fixture.context(),
  )
  assert.equal(text('o.csv'), 'a\n2\n3\n')
})

test('a path with quotes and blanks is a path', async () => {
  await write(two, jsonFile("it's a 'file' %25.json"))
  assert.ok(existsSync(join(fixture.root, "it's a 'file' %25.json")))
})

test('a folder that may not be written to has a name', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, async () => {
  const thrown = await write(two, jsonFile('/proc/none/o.json')).catch((error: unknown) => error)
  assert.ok(thrown instanceof Fault && thrown.kind !== 'defect')
})

test('rows of a source in a temp keep their types', async () => {
  const target = { kind: 'temp', name: 't', scope: 'run', append: false } as const
  const context = fixture.context()
  const typed = "SELECT 1::DECIMAL(10,2) AS d, TIMESTAMPTZ '2013-01-31 05:00:00Z' AS ts, [1]::SMALLINT[] AS l, n FROM r"
  await engine.runStep(step({ sources: [rows('r', [{ n: 1 }])], body: sql(typed), target }), context)
  const types = sql('SELECT typeof(d) AS d, typeof(ts) AS ts, typeof(l) AS l, typeof(n) AS n FROM t')
  await engine.runStep(step({ sources: [{ kind: 'temp', alias: 't', name: 't' }], body: types }), context)
  assert.deepEqual(JSON.parse(text('out.json')), {
    d: 'DECIMAL(10,2)',
    ts: 'TIMESTAMP WITH TIME ZONE',
    l: 'SMALLINT[]',
    n: 'BIGINT',
  })
})

test('a temp that nothing wrote is missing', async () => {
  const thrown = await engine
    .runStep(step({ sources: [{ kind: 'temp', alias: 't', name: 'none' }] }), fixture.context())
    .catch((error: unknown) => error)
  assert.ok(thrown instanceof Fault && thrown.code === 'TempNotFound')
})
