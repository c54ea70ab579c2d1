import assert from 'node:assert/strict'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import type { ParamValues } from '../../src/plan/index.ts'
import { append, replace, type Tables, tables, where } from '../targets/table/table-fixture.ts'

let made: Tables
beforeEach(async () => {
  await made?.remove()
  made = tables()
})
after(() => made.remove())

const days = "SELECT i::INTEGER AS id, DATE '2020-01-01' + i::INTEGER AS day, 'n' || i AS name FROM range(5) r(i)"

test('several predicates must all hold, and may use columns that are not read (SRC-1)', async () => {
  await made.write(days, append)
  assert.deepEqual(
    await made.rows({ columns: ['NAME'], ...where('id > 1', "day < DATE '2020-01-05' -- the last but one") }),
    [{ name: 'n2' }, { name: 'n3' }],
  )
  assert.deepEqual(await made.rows({ columns: ['name', 'id'], ...where('id = 0 OR id = 1', 'id = 1 OR id = 2') }), [
    { name: 'n1', id: 1 },
  ])
})

test('params in predicates are literals of their type', async () => {
  await made.write(`${days} UNION ALL SELECT 9, NULL, 'it''s -- 1'`, append)
  const params: ParamValues = {
    text: { type: 'string', value: "it's -- 1" },
    day: { type: 'date', value: '2020-01-02' },
    low: { type: 'integer', value: '-3' },
    ids: {
      type: 'list',
      items: 'integer',
      value: [
        { type: 'integer', value: '1' },
        { type: 'integer', value: '3' },
      ],
    },
    none: { type: 'list', items: 'integer', value: [] },
  }
  const ids = async (text: string) => (await made.rows(where(text), { params })).map(({ id }) => id)
  assert.deepEqual(await ids('name = $(params.text)'), [9])
  assert.deepEqual(await ids('day = $(params.day)'), [1])
  assert.deepEqual(await ids('id-$(params.low) = 4'), [1])
  assert.deepEqual(await ids('id IN $(params.ids)'), [1, 3])
  assert.deepEqual(await ids('id IN $(params.none)'), [])
})

test('a table is read as of a version and as of an instant', async () => {
  for (const id of [1, 2, 3]) {
    await made.write(`SELECT ${id} AS id`, replace)
    const entry = join(made.root, 't', '_delta_log', `${String(id - 1).padStart(20, '0')}.json`)
    const at = new Date(Date.UTC(2020, 0, 1, id))
    utimesSync(entry, at, at)
  }
  assert.deepEqual(await made.rows({ at: { version: 1 } }), [{ id: 2 }])
  assert.deepEqual(await made.rows({ at: { timestamp: '2020-01-01T02:30:00Z' } }), [{ id: 2 }])
  assert.deepEqual(await made.rows(), [{ id: 3 }])
  await assert.rejects(made.rows({ at: { version: 7 } }), {
    code: 'TableVersionNotFound',
    at: { field: 'sources.s.table.version' },
  })
})

for (const { columns, condition, field, code } of [
  { columns: ['id', 'nam'], condition: 'true', field: 'sources.s.table.columns', code: 'UnknownColumn' },
  { columns: [], condition: 'nam = 1', field: 'sources.s.table.where[1]', code: 'UnknownColumn' },
  { columns: [], condition: 'id = = 1', field: 'sources.s.table.where[1]', code: 'SqlSyntax' },
])
  test(`what the table does not have is named, with its place: ${field} ${code}`, async () => {
    await made.write(days, append)
    const reading = made.rows({ columns, ...where('id = 1', condition) })
    await assert.rejects(reading, (thrown: { code: string; message: string; at: { field: string } }) => {
      assert.equal(thrown.code, code)
      assert.equal(thrown.at.field, field)
      if (code === 'UnknownColumn') assert.match(thrown.message, /did you mean "name"\?/)
      return true
    })
  })

test('a table that is missing is named with its place and the way out', async () => {
  await assert.rejects(made.rows(), {
    code: 'TableNotFound',
    kind: 'missing',
    message: `cannot read table "raw.t": there is none at "${made.root}/t"; write it first, or correct its name or its path in the storage`,
    at: { field: 'sources.s.table.ref' },
  })
})

test('a folder that is no table is told from one that is missing', async () => {
  mkdirSync(join(made.root, 't'))
  writeFileSync(join(made.root, 't', 'a.csv'), 'a\n1\n')
  await assert.rejects(made.rows(), { code: 'NotATable', kind: 'invalid', message: /read it with a file source/ })
})

test('files that lack a column, or hold it in another order or one more, are read by the table’s schema', async () => {
  await made.write("SELECT 1 AS id, 'x' AS a", append)
  await made.write("SELECT DATE '2020-01-01' AS b, 2 AS id", append, { target: { schema: 'evolve' } })
  assert.deepEqual(await made.rows(), [
    { id: 1, a: 'x', b: null },
    { id: 2, a: null, b: '2020-01-01' },
  ])
  assert.deepEqual(await made.rows(where('b IS NULL')), [{ id: 1, a: 'x', b: null }])
})

test('an empty table is a relation with its columns and types, also under a predicate', async () => {
  await made.write("SELECT 1::SMALLINT AS id, [1.5] AS l, 'a' AS p WHERE false", { mode: 'append', partitionBy: ['p'] })
  for (const source of [{}, where("p = 'a'", 'id = 1')]) {
    const { query, session } = await made.open(source)
    assert.deepEqual(await session.describe(query), [
      { name: 'id', type: 'SMALLINT' },
      { name: 'l', type: 'DECIMAL(2,1)[]' },
      { name: 'p', type: 'VARCHAR' },
    ])
    assert.deepEqual(await session.rows(query), [])
    session.close()
  }
})

test('files of partitions and ranges that a predicate rules out are not opened', async () => {
  for (const id of [1, 2, 3])
    await made.write(`SELECT ${id} AS id, 'p${id}' AS p`, { mode: 'append', partitionBy: ['p'] })
  const opened = async (text: string) => {
    const { query, session } = await made.open(where(text))
    session.close()
    return query.match(/\.parquet'/g)?.length ?? 0
  }
  assert.equal(await opened("p = 'p2'"), 1)
  assert.equal(await opened('id > 1'), 2)
  assert.equal(await opened("id > 1 AND p <> 'p3'"), 1)
  assert.equal(await opened('true'), 3)
})
