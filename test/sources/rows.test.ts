import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import { createDuckDbEngine, type DuckDbEngine } from '../../src/engine/index.ts'
import type { SourcePlan } from '../../src/plan/index.ts'
import { type Fixture, rows, sql, step, stepFixture } from '../engine/step-fixture.ts'

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

async function read(source: SourcePlan, text: string): Promise<unknown> {
  await engine.runStep(step({ sources: [source], body: sql(text) }), fixture.context())
  return JSON.parse(readFileSync(join(fixture.root, 'out.json'), 'utf8'))
}

test('rows of the manifest have the types that their values tell', async () => {
  const source = rows('r', [{ n: 1, d: 0.5, s: 'x', b: true, l: [1], o: { a: null } }])
  assert.deepEqual(await read(source, "SELECT string_agg(DISTINCT typeof(COLUMNS(*)), '') FROM r"), {
    n: 'BIGINT',
    d: 'DOUBLE',
    s: 'VARCHAR',
    b: 'BOOLEAN',
    l: 'BIGINT[]',
    o: 'STRUCT(a VARCHAR)',
  })
})

test('declared columns give types to some or all of them', async () => {
  const source: SourcePlan = {
    ...rows('r', [{ day: '2013-01-31', n: 1 }]),
    kind: 'rows',
    columns: [
      { name: 'day', type: 'DATE' },
      { name: 'more', type: 'UUID' },
    ],
  } as SourcePlan
  assert.deepEqual(await read(source, 'SELECT typeof(day) AS day, typeof(more) AS more, typeof(n) AS n FROM r'), {
    day: 'DATE',
    more: 'UUID',
    n: 'BIGINT',
  })
})

test('no rows with declared columns are an empty source', async () => {
  const source = { kind: 'rows', alias: 'r', rows: [], columns: [{ name: 'n', type: 'INTEGER' }] } as const
  assert.deepEqual(await read({ ...source, rows: [], columns: [...source.columns] }, 'SELECT count(n) AS c FROM r'), {
    c: 0,
  })
})

test('a value that does not fit is told by row, column and source', async () => {
  const thrown = await read(rows('r', [{ a: 1 }, { a: 'x' }]), 'FROM r').catch((error: unknown) => error)
  assert.ok(thrown instanceof Fault)
  assert.equal(thrown.code, 'RowTypeClash')
  assert.match(thrown.message, /column "a" in row 2/)
  assert.deepEqual(thrown.at, { field: 'sources.r.rows' })
})
