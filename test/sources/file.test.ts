import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Fault } from '../../src/base/index.ts'
import { createDuckDbEngine, type DuckDbEngine } from '../../src/engine/index.ts'
import type { BodyPlan, CsvReadOptions, SourcePlan, StorageBinding } from '../../src/plan/index.ts'
import { csv, type Fixture, sql, step, stepFixture } from '../engine/step-fixture.ts'

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

const json = (path: string): SourcePlan => ({
  kind: 'file',
  alias: 'j',
  location: { path },
  format: 'json',
  options: { inferSchemaLength: 20480 },
})
const parquet = (path: string): SourcePlan => ({
  kind: 'file',
  alias: 'p',
  location: { path },
  format: 'parquet',
  options: {},
})

async function read(source: SourcePlan, body: BodyPlan = { kind: 'copy' }, storage: Partial<StorageBinding> = {}) {
  const written = await engine.runStep(step({ sources: [source], body }), fixture.context({ storage }))
  const text = readFileSync(join(fixture.root, 'out.json'), 'utf8').trimEnd()
  const rows = text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as unknown)
  assert.equal(written.rows, rows.length)
  return rows
}

async function faultOf(source: SourcePlan): Promise<Fault> {
  const thrown = await read(source).then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof Fault, String(thrown))
  return thrown
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `${i},${i}`).join('\n')

const options: {
  why: string
  text: string | Uint8Array
  path?: string
  given?: Partial<CsvReadOptions>
  rows: unknown[]
}[] = [
  { why: 'separator', text: 'a;b\n1;x,y\n', given: { separator: ';' }, rows: [{ a: 1, b: 'x,y' }] },
  { why: 'tab as separator', text: 'a\tb\n1\t2\n', given: { separator: '\t' }, rows: [{ a: 1, b: 2 }] },
  {
    why: 'no header',
    text: '1,x\n2,y\n',
    given: { header: false },
    rows: [
      { column0: 1, column1: 'x' },
      { column0: 2, column1: 'y' },
    ],
  },
  {
    why: 'null values',
    text: 'a,b\nNA,-\n2,y\n',
    given: { nullValues: ['NA', '-'] },
    rows: [
      { a: null, b: null },
      { a: 2, b: 'y' },
    ],
  },
  {
    why: 'empty is null',
    text: 'a,b\n,x\n1,\n',
    rows: [
      { a: null, b: 'x' },
      { a: 1, b: null },
    ],
  },
  { why: 'lines to skip', text: 'made by x\nat, noon, sharp\na\n1\n', given: { skipRows: 2 }, rows: [{ a: 1 }] },
  {
    why: 'utf-16',
    text: Buffer.from('\ufeffa,b\n1,é\n', 'utf16le'),
    given: { encoding: 'utf-16' },
    rows: [{ a: 1, b: 'é' }],
  },
  {
    why: 'latin-1',
    text: Buffer.from('a,b\n1,é\n', 'latin1'),
    given: { encoding: 'latin-1' },
    rows: [{ a: 1, b: 'é' }],
  },
  {
    why: 'types',
    text: 'id,n\n007,1\n',
    given: { types: { id: 'VARCHAR', n: 'DECIMAL(5,2)' } },
    rows: [{ id: '007', n: 1 }],
  },
  { why: 'gzip', text: gzipSync('a\n1\n'), path: 'x.csv.gz', rows: [{ a: 1 }] },
  { why: 'quotes and line ends in values', text: 'a,b\n1,"x, ""y""\nz"\n', rows: [{ a: 1, b: 'x, "y"\nz' }] },
  { why: 'a byte order mark', text: '\ufeffa\n1\n', rows: [{ a: 1 }] },
  { why: 'CR LF', text: 'a,b\r\n1,2\r\n', rows: [{ a: 1, b: 2 }] },
  { why: 'one column', text: 'a\nx\ny\n', rows: [{ a: 'x' }, { a: 'y' }] },
  { why: 'texts only: the header is still the header', text: 'a,b\nx,y\n', rows: [{ a: 'x', b: 'y' }] },
  { why: 'a line that starts with # is a line', text: 'a,b\n#1,2\n', rows: [{ a: '#1', b: 2 }] },
  { why: 'only a header', text: 'a,b\n', rows: [] },
  { why: 'days in another order', text: 'd\n31/01/2013\n', rows: [{ d: '2013-01-31' }] },
]

for (const { why, text, path = 'x.csv', given = {}, rows } of options)
  test(`csv is read as its options say (SRC-10): ${why}`, async () => {
    fixture.file(path, text)
    assert.deepEqual(await read(csv(path, given)), rows)
  })

test('inferSchemaLength says how many rows tell the types; null takes all', async () => {
  fixture.file('late.csv', `a,b\n${numbered(30_000)}\nfoo,bar\n`)
  const fault = await faultOf(csv('late.csv'))
  assert.equal(fault.code, 'BrokenCsvLine')
  assert.match(fault.message, /line 30002 of file ".*late\.csv".*"foo".*csv\.types/)
  assert.equal((await read(csv('late.csv', { inferSchemaLength: null }))).length, 30_001)
})

test('a glob reads all files that match, whatever the order of their columns', async () => {
  fixture.file('in/a.csv', 'a,b\n1,x\n')
  fixture.file('in/b.csv', 'b,a,c\ny,2.5,true\n')
  fixture.file('in/c.csv.gz', gzipSync('a,b\n3,z\n'))
  fixture.file('other.csv', 'a,b\n9,no\n')
  assert.deepEqual(await read(csv('in/*.csv*'), sql('FROM csv ORDER BY a')), [
    { a: 1, b: 'x', c: null },
    { a: 2.5, b: 'y', c: true },
    { a: 3, b: 'z', c: null },
  ])
})

test('files of one header are typed by the first, the last and one between', async () => {
  for (let i = 0; i < 9; i++) fixture.file(`in/${i}.csv`, i === 8 ? 'a\n1.5\n' : 'a\n1\n')
  assert.deepEqual(await read(csv('in/?.csv'), sql('SELECT sum(a) AS s FROM csv')), [{ s: 9.5 }])
})

test('a path may be absolute, relative to the file root, or a name of the storage', async () => {
  const path = fixture.file('deep/a.csv', 'a\n1\n')
  assert.deepEqual(await read(csv(path)), [{ a: 1 }])
  assert.deepEqual(await read(csv('a.csv'), undefined, { fileRoot: join(fixture.root, 'deep') }), [{ a: 1 }])
  const named: SourcePlan = { ...csv(''), kind: 'file', location: { file: 'landing' } } as SourcePlan
  assert.deepEqual(await read(named, undefined, { files: { landing: path } }), [{ a: 1 }])
  const fault = await faultOf({ ...named, location: { file: 'landin' } } as SourcePlan)
  assert.equal(fault.code, 'UnknownFile')
})

test('newline-delimited json is read with nested values, packed or not', async () => {
  fixture.file('a.json', '{"a":1,"b":{"c":[1,2]}}\n\n{"a":2,"d":"2013-01-31"}\n')
  fixture.file('a.json.gz', gzipSync('{"a":3}\n'))
  assert.deepEqual(await read(json('a.json')), [
    { a: 1, b: { c: [1, 2] }, d: null },
    { a: 2, b: null, d: '2013-01-31' },
  ])
  assert.equal((await read(json('a.json*'))).length, 3)
})

test('parquet is read, several files by column name', async () => {
  const write = (path: string, text: string) =>
    engine.runStep(
      step({
        body: sql(text),
        target: { kind: 'file', location: { path }, format: 'parquet', options: { compression: 'zstd' } },
      }),
      fixture.context(),
    )
  await write('a.parquet', "SELECT 1 AS a, DATE '2013-01-31' AS d")
  await write('b.parquet', "SELECT DATE '2013-02-28' AS d, 2 AS a, 'x' AS more")
  assert.deepEqual(await read(parquet('a.parquet')), [{ a: 1, d: '2013-01-31' }])
  assert.deepEqual(await read(parquet('*.parquet'), sql('FROM p ORDER BY a')), [
    { a: 1, d: '2013-01-31', more: null },
    { a: 2, d: '2013-02-28', more: 'x' },
  ])
})

const cut = gzipSync(`a,b\n${numbered(50_000)}`).subarray(0, 5000)
const broken: {
  why: string
  path: string
  contents?: string | Uint8Array
  source: (path: string) => SourcePlan
  code: string
  message: RegExp
}[] = [
  {
    why: 'a missing file',
    path: 'none.csv',
    source: csv,
    code: 'FileNotFound',
    message: /path "none\.csv" of source "csv": there is no file "\/.*none\.csv"; relative paths start at \//,
  },
  {
    why: 'a glob that matches nothing',
    path: 'no*.csv',
    source: csv,
    code: 'FileNotFound',
    message: /no file matches "\/.*no\*\.csv"/,
  },
  {
    why: 'an empty csv',
    path: 'x.csv',
    contents: '',
    source: csv,
    code: 'EmptyFile',
    message: /x\.csv" of source "csv": it is empty/,
  },
  { why: 'a blank csv', path: 'x.csv', contents: '\n \n', source: csv, code: 'EmptyFile', message: /it is empty/ },
  {
    why: 'a packed empty csv',
    path: 'x.csv.gz',
    contents: gzipSync(''),
    source: csv,
    code: 'EmptyFile',
    message: /it is empty/,
  },
  { why: 'an empty json', path: 'x.json', contents: '', source: json, code: 'EmptyFile', message: /it is empty/ },
  {
    why: 'a line with too many columns',
    path: 'x.csv',
    contents: 'a,b\n1,2\n3,4,5\n',
    source: csv,
    code: 'BrokenCsvLine',
    message: /line 3 of file ".*x\.csv": it has 3 columns, where 2 are expected \(the line: 3,4,5\)/,
  },
  {
    why: 'a line with too few columns',
    path: 'x.csv',
    contents: 'a,b\n1\n3,4\n',
    source: csv,
    code: 'BrokenCsvLine',
    message: /line 2 of file ".*x\.csv": it has 1 columns/,
  },
  {
    why: 'a broken line far behind',
    path: 'x.csv',
    contents: `a,b\n${numbered(30_000)}\n1,2,3\n`,
    source: csv,
    code: 'BrokenCsvLine',
    message: /line 30002 of file/,
  },
  {
    why: 'a quote that is not closed',
    path: 'x.csv',
    contents: 'a,b\n1,"x\n3,4\n',
    source: csv,
    code: 'BrokenCsvLine',
    message: /line 2 of file ".*": Value with unterminated quote/,
  },
  {
    why: 'line ends of two kinds',
    path: 'x.csv',
    contents: 'a,b\n1,2\r\n3,4\n',
    source: csv,
    code: 'CsvNotUnderstood',
    message: /do not end in one way/,
  },
  {
    why: 'another encoding',
    path: 'x.csv',
    contents: Buffer.from('a,b\n1,é\n', 'latin1'),
    source: csv,
    code: 'BrokenCsvLine',
    message: /not utf-8/,
  },
  {
    why: 'a value that its given type does not hold',
    path: 'x.csv',
    contents: 'a\n1\nx\n',
    source: (path) => csv(path, { types: { a: 'INTEGER' } }),
    code: 'BrokenCsvLine',
    message: /line 3 .*column "a"/,
  },
  {
    why: 'a type for a column that is not there',
    path: 'x.csv',
    contents: 'carrier\nx\n',
    source: (path) => csv(path, { types: { carier: 'VARCHAR' } }),
    code: 'UnknownColumn',
    message: /did you mean "carrier"\?/,
  },
  {
    why: 'a type that is none',
    path: 'x.csv',
    contents: 'a\n1\n',
    source: (path) => csv(path, { types: { a: 'NUMBR' } }),
    code: 'UnknownName',
    message: /type "NUMBR"/,
  },
  {
    why: 'a gzip file that is cut off',
    path: 'x.csv.gz',
    contents: cut,
    source: csv,
    code: 'BrokenFile',
    message: /x\.csv\.gz": it is no whole gzip file/,
  },
  {
    why: 'a gzip file that is none',
    path: 'x.csv.gz',
    contents: 'a,b\n1,2\n',
    source: csv,
    code: 'BrokenFile',
    message: /it is no whole gzip file/,
  },
  {
    why: 'json that breaks off',
    path: 'x.json',
    contents: '{"a":1}\n{"a":\n',
    source: json,
    code: 'BrokenFile',
    message: /x\.json": Malformed JSON.*in line \d/,
  },
  {
    why: 'json that is no list of objects',
    path: 'x.json',
    contents: '[{"a":1}]',
    source: json,
    code: 'BrokenFile',
    message: /one object \{…\} on each line/,
  },
  {
    why: 'json of another type far behind',
    path: 'x.json',
    contents: `${'{"a":1}\n'.repeat(30_000)}{"a":"x"}\n`,
    source: json,
    code: 'BrokenFile',
    message: /line 30001/,
  },
  {
    why: 'parquet that is none',
    path: 'x.parquet',
    contents: 'no parquet at all, this',
    source: parquet,
    code: 'BrokenFile',
    message: /x\.parquet": No magic bytes/,
  },
  {
    why: 'empty parquet',
    path: 'x.parquet',
    contents: '',
    source: parquet,
    code: 'BrokenFile',
    message: /too small to be a Parquet file/,
  },
]

for (const { why, path, contents, source, code, message } of broken)
  test(`a file that can't be read has a clear error, and nothing is written: ${why}`, async () => {
    if (contents !== undefined) fixture.file(path, contents)
    fixture.file('out.json', 'as before')
    const fault = await faultOf(source(path))
    assert.equal(fault.code, code)
    assert.equal(fault.kind, code === 'FileNotFound' ? 'missing' : 'invalid')
    assert.match(fault.message, message)
    assert.doesNotMatch(fault.message, /\n/)
    assert.ok(fault.at === undefined || fault.at.field.startsWith('sources.'))
    assert.equal(readFileSync(join(fixture.root, 'out.json'), 'utf8'), 'as before')
  })

test('one empty file among many is named', async () => {
  fixture.file('in/a.csv', 'a\n1\n')
  fixture.file('in/b.csv', '')
  const fault = await faultOf(csv('in/*.csv'))
  assert.equal(fault.code, 'EmptyFile')
  assert.match(fault.message, /in\/b\.csv"/)
})

test('a folder is no file', async () => {
  mkdirSync(join(fixture.root, 'landing'))
  assert.match((await faultOf(csv('landing'))).message, /is a folder; add a pattern such as \/\*\.csv/)
})

const xlsx: SourcePlan = {
  kind: 'file',
  alias: 'x',
  location: { path: 'x.xlsx' },
  format: 'xlsx',
  options: { sheet: null, header: true },
}

test('xlsx without the engine’s extension says how to get it', async () => {
  fixture.file('x.xlsx', 'whatever')
  const fault = await faultOf(xlsx)
  assert.deepEqual([fault.kind, fault.code], ['missing', 'ExtensionMissing'])
  assert.match(fault.message, /loom extensions install excel/)
})

test('xlsx is written and read back by the engine’s extension', {
  skip: process.env['LOOM_EXTENSIONS'] === undefined && 'LOOM_EXTENSIONS names no folder',
}, async () => {
  const extended = createDuckDbEngine({ memoryLimit: '256MB', extensionsFolder: process.env['LOOM_EXTENSIONS'] ?? '' })
  try {
    const target = { kind: 'file', location: { path: 'x.xlsx' }, format: 'xlsx', options: { header: true } } as const
    await extended.runStep(step({ body: sql("SELECT 1 AS a, 'x' AS b"), target }), fixture.context())
    await extended.runStep(step({ sources: [xlsx] }), fixture.context())
    assert.equal(readFileSync(join(fixture.root, 'out.json'), 'utf8'), '{"a":1.0,"b":"x"}\n')
  } finally {
    await extended.close()
  }
})
