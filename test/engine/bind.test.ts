import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { type BoundStep, createDuckDbEngine, type DuckDbEngine, type KnownResults } from '../../src/engine/index.ts'
import { parseTemplate, type StepPlan, type TableTarget, type WriteMode } from '../../src/plan/index.ts'
import { csv, type Fixture, inline, rows, sql, step, stepFixture } from './step-fixture.ts'

let engine: DuckDbEngine
let fixture: Fixture
before(() => {
  engine = createDuckDbEngine({ memoryLimit: '256MB', threads: 1 })
})
after(() => engine.close())
beforeEach(() => {
  fixture = stepFixture()
})
afterEach(() => fixture.remove())

const nothing: KnownResults = { tables: new Map(), temps: new Map() }
const bind = (changes: Partial<StepPlan>, known = nothing): Promise<BoundStep> =>
  engine.bindStep(step(changes), fixture.context(), known)

const flights = [
  { name: 'carrier', type: 'VARCHAR' },
  { name: 'flight_month', type: 'DATE' },
  { name: 'delay', type: 'DECIMAL(10,2)' },
]
const written: KnownResults = { tables: new Map([['raw.flights', flights]]), temps: new Map([['legs', flights]]) }
const table = (where: string[] = [], columns: string[] = []) =>
  ({
    kind: 'table',
    alias: 'f',
    ref: 'raw.flights',
    where: where.map((text) => parseTemplate(text).template),
    columns,
  }) as const
const intoTable = (write: WriteMode): TableTarget => ({
  kind: 'table',
  ref: 'raw.flights',
  write,
  schema: 'strict',
  dropExtraColumns: false,
  failOnEmpty: false,
})
const storage = { tables: { 'raw.flights': { uri: '/nowhere/flights', targetFileSize: null, properties: {} } } }

test('the columns of a step are found from the heads of its files, and nothing is written', async () => {
  fixture.file('a.csv', 'carrier,delay\nUA,1\n')
  const bound = await bind({
    sources: [csv('a.csv')],
    body: sql('SELECT carrier, avg(delay) AS mean FROM csv GROUP BY ALL'),
  })
  assert.deepEqual(bound, {
    columns: [
      { name: 'carrier', type: 'VARCHAR' },
      { name: 'mean', type: 'DOUBLE' },
    ],
    faults: [],
    unchecked: undefined,
  })
  assert.equal(existsSync(join(fixture.root, 'out.json')), false)
})

test('tables and temps that earlier steps write are known by their columns', async () => {
  const body = sql('SELECT f.carrier, max(l.delay) AS worst FROM f JOIN l USING (carrier) GROUP BY 1')
  const sources = [table(["flight_month > DATE '2013-01-01'"]), { kind: 'temp', alias: 'l', name: 'legs' } as const]
  const bound = await engine.bindStep(step({ sources, body }), fixture.context({ storage }), written)
  assert.deepEqual(bound.faults, [])
  assert.deepEqual(bound.columns, [
    { name: 'carrier', type: 'VARCHAR' },
    { name: 'worst', type: 'DECIMAL(10,2)' },
  ])
})

const wrong: { why: string; changes: () => Partial<StepPlan>; code: string; field: string; offset?: number }[] = [
  {
    why: 'a misspelt column',
    changes: () => ({ sources: [table()], body: sql('SELECT carrier, dely FROM f') }),
    code: 'UnknownColumn',
    field: 'sql',
    offset: 16,
  },
  {
    why: 'types that do not fit',
    changes: () => ({ sources: [table()], body: sql('SELECT carrier - 1 AS x FROM f') }),
    code: 'NoMatchingFunction',
    field: 'sql',
    offset: 15,
  },
  {
    why: 'no SELECT',
    changes: () => ({ sources: [table()], body: sql('DELETE FROM f') }),
    code: 'NotASelect',
    field: 'sql',
    offset: 0,
  },
  {
    why: 'a misspelt column in a predicate',
    changes: () => ({ sources: [table(['delay > 1', 'carier = 1'])] }),
    code: 'UnknownColumn',
    field: 'sources.f.table.where[1]',
    offset: 0,
  },
  {
    why: 'a misspelt column in a projection',
    changes: () => ({ sources: [table([], ['carier'])] }),
    code: 'UnknownColumn',
    field: 'sources.f.table.columns',
  },
  {
    why: 'a key that the result lacks',
    changes: () => ({
      sources: [table()],
      target: intoTable({ mode: 'upsert', keys: ['carriers'], partitionBy: [], include: [], exclude: [] }),
    }),
    code: 'UnknownColumn',
    field: 'target.table.upsert.keys',
  },
  {
    why: 'a partition column that the result lacks',
    changes: () => ({ sources: [table()], target: intoTable({ mode: 'replacePartitions', by: ['month'] }) }),
    code: 'UnknownColumn',
    field: 'target.table.replacePartitions.by',
  },
  {
    why: 'a file that is not there',
    changes: () => ({ sources: [csv('none.csv')] }),
    code: 'FileNotFound',
    field: 'sources.csv.file.path',
  },
]

for (const { why, changes, code, field, offset } of wrong)
  test(`what is wrong is found before anything runs: ${why}`, async () => {
    const bound = await engine.bindStep(step(changes()), fixture.context({ storage }), written)
    assert.deepEqual(
      bound.faults.map((fault) => fault.code),
      [code],
    )
    assert.equal(bound.faults[0]?.at?.field, field)
    if (offset !== undefined) assert.equal(bound.faults[0]?.at?.offset, offset)
  })

test('all sources that are not in order are told at once', async () => {
  fixture.file('empty.csv', '')
  const bound = await bind({
    sources: [csv('none.csv'), { ...csv('empty.csv'), alias: 'other' }],
    body: sql('SELECT 1 AS a'),
  })
  assert.deepEqual(
    bound.faults.map(({ code }) => code),
    ['FileNotFound', 'EmptyFile'],
  )
})

test('a code step is not run: its columns, and the steps that read them, are unchecked, and it says so', async () => {
  const bound = await bind({
    sources: [rows('r', [{ a: 1 }])],
    body: inline("export default () => { throw new Error('ran') }"),
  })
  assert.deepEqual([bound.columns, bound.faults], [undefined, []])
  assert.match(bound.unchecked ?? '', /known only once it has run/)
  const known = { tables: new Map(), temps: new Map([['legs', undefined]]) }
  const later = await bind(
    { sources: [{ kind: 'temp', alias: 'l', name: 'legs' }], body: sql('SELECT nonsense FROM l') },
    known,
  )
  assert.deepEqual(later.faults, [])
  assert.match(later.unchecked ?? '', /columns of temp "legs" are known only once it is written/)
})
