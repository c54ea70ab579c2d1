import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { append, replace, type Tables, tables, upsert } from './table-fixture.ts'

let made: Tables
beforeEach(async () => {
  await made?.remove()
  made = tables()
})
after(() => made.remove())

const create = (query: string) => made.write(query, append)
const evolve = { target: { schema: 'evolve' } } as const
const overwrite = { target: { schema: 'overwrite' } } as const
const columns = async () => (await made.snapshot())?.metadata.schema.fields.map(({ name, type }) => [name, type])

test('strict refuses a column that the table lacks, by name and with the nearest one', async () => {
  await create('SELECT 1 AS id, 2 AS amount')
  await assert.rejects(made.write('SELECT 1 AS id, 2 AS amout', append), {
    code: 'ExtraColumns',
    kind: 'invalid',
    message: /lacks: amout; did you mean "amount"\?; .*schema: evolve.*dropExtraColumns: true/,
  })
  assert.equal((await made.rows()).length, 1)
})

test('strict drops extra columns when it is told to', async () => {
  await create('SELECT 1 AS id')
  await made.write('SELECT 2 AS id, 3 AS more', append, { target: { dropExtraColumns: true } })
  assert.deepEqual(await made.rows(), [{ id: 1 }, { id: 2 }])
})

test('columns go by name, whatever their case and order, and missing ones are null', async () => {
  await create("SELECT 1 AS id, 'a' AS Name, 1.5 AS amount")
  await made.write("SELECT 'b' AS NAME, 2 AS ID", append)
  assert.deepEqual(await made.rows(), [
    { id: 1, Name: 'a', amount: '1.5' },
    { id: 2, Name: 'b', amount: null },
  ])
})

test('evolve adds new columns at the end; old rows have null there, and older versions do not have them', async () => {
  await create('SELECT 1 AS id')
  await made.write("SELECT DATE '2020-01-01' AS day, 2 AS id", append, evolve)
  assert.deepEqual(await columns(), [
    ['id', 'integer'],
    ['day', 'date'],
  ])
  assert.deepEqual(await made.rows(), [
    { id: 1, day: null },
    { id: 2, day: '2020-01-01' },
  ])
  assert.deepEqual(await made.rows({ at: { version: 0 } }), [{ id: 1 }])
})

test('an upsert evolves the table too', async () => {
  await create("SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, 'b'")
  await made.write('SELECT 2 AS id, 7 AS score UNION ALL SELECT 3, 8', upsert(['id']), evolve)
  assert.deepEqual(await made.rows(), [
    { id: 1, name: 'a', score: null },
    { id: 2, name: 'b', score: 7 },
    { id: 3, name: null, score: 8 },
  ])
})

test('overwrite takes the new schema with replace, and is refused with every mode that keeps rows', async () => {
  await create("SELECT 1 AS id, 'a' AS name")
  await made.write("SELECT DATE '2020-01-01' AS day", replace, overwrite)
  assert.deepEqual(await columns(), [['day', 'date']])
  await assert.rejects(made.write('SELECT 1 AS other', append, overwrite), { code: 'SchemaOverwriteNeedsReplace' })
})

test('overwrite with replace may partition the table anew', async () => {
  await create("SELECT 1 AS id, 'a' AS name")
  await made.write("SELECT 1 AS id, 'a' AS name", { mode: 'replace', partitionBy: ['name'] }, overwrite)
  assert.deepEqual((await made.snapshot())?.metadata.partitionColumns, ['name'])
  assert.deepEqual(await made.rows(), [{ id: 1, name: 'a' }])
})

test('partitionBy must agree with a table that is there', async () => {
  await made.write('SELECT 1 AS id, 2 AS p', { mode: 'append', partitionBy: ['P'] })
  await made.write('SELECT 1 AS id, 2 AS p', { mode: 'append', partitionBy: ['p'] })
  await assert.rejects(made.write('SELECT 1 AS id, 2 AS p', { mode: 'append', partitionBy: ['id'] }), {
    code: 'PartitioningDiffers',
    message: /it is partitioned by p; say the same/,
  })
})

test('nested fields are aligned by name at any depth: missing ones are null, a null struct stays null', async () => {
  await create("SELECT {'a': 1, 'b': 'x'} AS s, [{'c': 1, 'd': 2}] AS l, MAP {'k': {'e': 1, 'f': 2}} AS m")
  await made.write("SELECT {'b': 'y'} AS s, [{'d': 3}] AS l, MAP {'k': {'f': 4}} AS m", append)
  await made.write('SELECT CAST(NULL AS STRUCT(a INTEGER)) AS s', append)
  assert.deepEqual(await made.rows({ columns: ['s', 'l'] }), [
    { s: { a: 1, b: 'x' }, l: [{ c: 1, d: 2 }] },
    { s: { a: null, b: 'y' }, l: [{ c: null, d: 3 }] },
    { s: null, l: null },
  ])
})

test('nested fields more are refused by strict and added by evolve', async () => {
  await create("SELECT {'a': 1} AS s, [{'c': 1}] AS l")
  const query = "SELECT {'a': 2, 'z': {'y': 1}} AS s, [{'c': 2, 'x': 'new'}] AS l"
  await assert.rejects(made.write(query, append), { code: 'ExtraColumns', message: /lacks: s\.z, l\.x;/ })
  await made.write(query, append, evolve)
  assert.deepEqual(await made.rows(), [
    { s: { a: 1, z: null }, l: [{ c: 1, x: null }] },
    { s: { a: 2, z: { y: 1 } }, l: [{ c: 2, x: 'new' }] },
  ])
})

for (const { from, type, gives } of [
  { from: '1.7::DOUBLE', type: 'BIGINT', gives: '1' },
  { from: '-1.7', type: 'INTEGER', gives: -1 },
  { from: '1', type: 'VARCHAR', gives: '1' },
  { from: "'2020-02-29'", type: 'DATE', gives: '2020-02-29' },
  { from: "TIMESTAMP '2020-01-01 12:00:00'", type: 'TIMESTAMPTZ', gives: '2020-01-01 12:00:00+00' },
  { from: "TIMESTAMPTZ '2020-01-01 12:00:00+02'", type: 'TIMESTAMP', gives: '2020-01-01 10:00:00' },
  { from: '2', type: 'BOOLEAN', gives: true },
  {
    from: '170141183460469231731687303715884105::HUGEINT',
    type: 'DECIMAL(38,2)',
    gives: '170141183460469231731687303715884105.00',
  },
  { from: 'sum(1)', type: 'BIGINT', gives: '1' },
])
  test(`a value is cast to the table's type: ${from} to ${type} (SCH-5)`, async () => {
    await create(`SELECT CAST(NULL AS ${type}) AS x WHERE false`)
    await made.write(`SELECT ${from} AS x`, append)
    assert.deepEqual(await made.rows(), [{ x: gives }])
  })

for (const { from, type, shows } of [
  {
    from: "'abc'",
    type: 'INTEGER',
    shows: /column "x" .* is VARCHAR in the result and INTEGER in the table, and the value 'abc' can't/,
  },
  { from: '300', type: 'TINYINT', shows: /is INTEGER in the result and TINYINT in the table, and the value '300'/ },
  { from: '123.45', type: 'DECIMAL(3,1)', shows: /the value '123.45'/ },
  { from: "'NaN'::DOUBLE", type: 'BIGINT', shows: /the value 'nan'/ },
  { from: "{'a': 1}", type: 'INTEGER', shows: /is STRUCT\(a INTEGER\) in the result and INTEGER in the table/ },
])
  test(`a value that can't be cast is refused with column, types and example: ${from} to ${type}`, async () => {
    await create(`SELECT CAST(NULL AS ${type}) AS x, 1 AS y`)
    for (const mode of [append, upsert(['y'])])
      await assert.rejects(made.write(`SELECT ${from} AS x, 1 AS y`, mode), {
        code: 'CastFailed',
        kind: 'invalid',
        message: shows,
      })
    assert.equal((await made.snapshot())?.version, 0)
  })

test("an error of the step's own SQL is not taken for one of the target's casts", async () => {
  await create('SELECT 1::BIGINT AS x')
  await assert.rejects(made.write("SELECT CAST('oops' || i AS INTEGER) AS x FROM range(3) r(i)", append), {
    code: 'ConversionError',
  })
})

test('columns that are NULL without a type are refused where the table would get them (TGT-4)', async () => {
  await assert.rejects(made.write('SELECT 1 AS id, NULL AS a, NULL AS b', append), {
    code: 'UntypedColumn',
    message: /columns a, b of table .* CAST\(NULL AS VARCHAR\) AS a/,
  })
  await create("SELECT 1 AS id, 'x' AS a")
  await made.write('SELECT 2 AS id, NULL AS a', append)
  await assert.rejects(made.write('SELECT 3 AS id, NULL AS c', append, evolve), { code: 'UntypedColumn' })
  assert.equal((await made.rows()).length, 2)
})

test('types that Delta lacks are refused by name, or become the narrowest type that holds them', async () => {
  await assert.rejects(made.write('SELECT INTERVAL 1 DAY AS i', append), {
    code: 'ColumnTypeNotSupported',
    message: /"i"/,
  })
  await create("SELECT 5::UINTEGER AS u, sum(1) AS s, uuid() AS id, 'a'::ENUM ('a', 'b') AS e")
  assert.deepEqual(await columns(), [
    ['u', 'long'],
    ['s', 'decimal(38,0)'],
    ['id', 'string'],
    ['e', 'string'],
  ])
})
