import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { openFileStore, readHistory } from '../../../src/formats/index.ts'
import type { WriteMode } from '../../../src/plan/index.ts'
import {
  append,
  replace,
  replacePartitions,
  replaceWhere,
  type Tables,
  tables,
  upsert,
  where,
} from './table-fixture.ts'

let made: Tables
beforeEach(async () => {
  await made?.remove()
  made = tables()
})
after(() => made.remove())

const paths = async () => (await made.snapshot())?.files.map(({ path }) => path) ?? []
const none = "SELECT 1::INTEGER AS id, 'x' AS p WHERE false"
const replacePartition = (column: string, value: string | null): WriteMode => ({
  mode: 'replacePartition',
  values: [{ column, value: value === null ? { type: 'null', value } : { type: 'string', value } }],
})

const history = () => readHistory({ store: openFileStore(`${made.root}/t`) })

/** Three partitions, two files each: ids 0…11. */
async function partitioned() {
  for (const half of [0, 1])
    await made.write(
      `SELECT i::INTEGER AS id, ['a', 'b', 'c'][i % 3 + 1] AS p FROM range(${half * 6}, ${half * 6 + 6}) r(i)`,
      {
        mode: 'append',
        partitionBy: ['p'],
      },
    )
}

test('an upsert writes only those files anew that hold a row to update', async () => {
  for (const from of [0, 100, 200])
    await made.write(`SELECT i::INTEGER AS id, 0 AS v FROM range(${from}, ${from + 10}) r(i)`, append)
  const before = await paths()
  const result = await made.write('SELECT 105 AS id, 1 AS v UNION ALL SELECT 300, 1', upsert(['id']))
  const left = await paths()
  assert.deepEqual(
    before.map((path) => left.includes(path)),
    [true, false, true],
  )
  assert.equal(result.rows, 2)
  assert.deepEqual(await made.rows(where('v = 1')), [
    { id: 105, v: 1 },
    { id: 300, v: 1 },
  ])
  const [last] = await history()
  const { numTargetRowsUpdated, numTargetRowsInserted, numTargetRowsCopied } = last?.metrics ?? {}
  assert.deepEqual([numTargetRowsUpdated, numTargetRowsInserted, numTargetRowsCopied], ['1', '1', '9'])
})

test('an upsert whose keys lie within the range of a file, but not in it, leaves the file alone', async () => {
  await made.write('SELECT i::INTEGER * 2 AS id FROM range(10) r(i)', append)
  const before = await paths()
  await made.write('SELECT 5 AS id', upsert(['id']))
  assert.deepEqual((await paths()).slice(0, 1), before)
  assert.equal((await made.rows()).length, 11)
})

test('an upsert takes a null key for a key like any other', async () => {
  await made.write("SELECT NULL::INTEGER AS id, 'old' AS v", append)
  for (const value of ['new', 'newer']) await made.write(`SELECT NULL::INTEGER AS id, '${value}' AS v`, upsert(['id']))
  assert.deepEqual(await made.rows(), [{ id: null, v: 'newer' }])
})

test('an upsert updates every row that has the key, and never makes one of several', async () => {
  await made.write("SELECT 1 AS id, 'a' AS v UNION ALL SELECT 1, 'b' UNION ALL SELECT 2, 'c'", append)
  await made.write("SELECT 1 AS id, 'z' AS v", upsert(['id']))
  assert.deepEqual(await made.rows(), [
    { id: 1, v: 'z' },
    { id: 1, v: 'z' },
    { id: 2, v: 'c' },
  ])
})

test('an upsert of a table that has nothing but the key inserts what is missing', async () => {
  await made.write('SELECT 1 AS id UNION ALL SELECT 2', append)
  const before = await paths()
  await made.write('SELECT 2 AS id UNION ALL SELECT 3', upsert(['id']))
  assert.deepEqual(await made.rows(), [{ id: 1 }, { id: 2 }, { id: 3 }])
  assert.ok((await paths()).includes(before[0] ?? ''))
})

test('a row whose partition column is updated moves to the other partition', async () => {
  await partitioned()
  await made.write("SELECT 4 AS id, 'c' AS p", upsert(['id']))
  assert.deepEqual(await made.rows(where('id = 4')), [{ id: 4, p: 'c' }])
})

test('a partition column that is part of the key keeps rows of other partitions apart (UP-7)', async () => {
  await partitioned()
  await made.write("SELECT 4 AS id, 'c' AS p", upsert(['id'], { partitionBy: ['p'] }))
  assert.equal((await made.rows(where('id = 4'))).length, 2)
})

test('duplicate keys are refused, the first five of them shown', async () => {
  await made.write('SELECT 1 AS id, 1 AS v', append)
  const query = 'SELECT i % 7 AS id, i AS v FROM range(21) r(i)'
  await assert.rejects(made.write(query, upsert(['id'])), {
    code: 'DuplicateKeys',
    kind: 'invalid',
    message: /keys \(id\) occur more than once in the result: \{id: 0, times: 3\}, .*\{id: 4, times: 3\}; keep one row/,
  })
  assert.equal((await made.snapshot())?.version, 0)
})

test('duplicate keys are refused when the upsert makes the table, too', async () => {
  await assert.rejects(made.write('SELECT 1 AS id FROM range(2)', upsert(['id'])), { code: 'DuplicateKeys' })
  assert.equal(await made.snapshot(), undefined)
})

test('include updates only its columns, exclude all but its own; inserts take everything', async () => {
  await made.write("SELECT 1 AS id, 'a' AS x, 'a' AS y", append)
  await made.write("SELECT i AS id, 'b' AS x, 'b' AS y FROM range(1, 3) r(i)", upsert(['id'], { include: ['X'] }))
  await made.write("SELECT 1 AS id, 'c' AS x, 'c' AS y", upsert(['id'], { exclude: ['x'] }))
  assert.deepEqual(await made.rows(), [
    { id: 1, x: 'b', y: 'c' },
    { id: 2, x: 'b', y: 'b' },
  ])
  await assert.rejects(made.write("SELECT 1 AS id, 'c' AS x", upsert(['id'], { include: ['y'] })), {
    code: 'MissingColumn',
  })
  await assert.rejects(made.write("SELECT 1 AS id, 'c' AS x", upsert(['id'], { exclude: ['yy'] })), {
    code: 'UnknownColumn',
    message: /did you mean "y"/,
  })
})

test('replacePartitions replaces just the partitions that occur, and needs no second look at the rows', async () => {
  await partitioned()
  const result = await made.write("SELECT 100 AS id, 'b' AS p", replacePartitions('p'))
  assert.deepEqual(await made.rows(where("p = 'b'")), [{ id: 100, p: 'b' }])
  assert.equal((await made.rows()).length, 9)
  assert.deepEqual([result.rows, result.files], [1, 1])
})

test('replacePartitions by a column that the table is not partitioned by keeps the other rows of a file', async () => {
  await made.write("SELECT i AS id, ['a', 'b'][i % 2 + 1] AS p FROM range(10) r(i)", append)
  const result = await made.write("SELECT 100 AS id, 'b' AS p", replacePartitions('p'))
  assert.equal(result.rows, 1)
  assert.deepEqual(await made.rows(where("p = 'b'")), [{ id: '100', p: 'b' }])
  assert.equal((await made.rows()).length, 6)
})

for (const by of [['p'], ['q']])
  test(`replacePartitions refuses rows without a value in ${by}, and shows them (RP-3)`, async () => {
    await made.write("SELECT 1 AS id, 'a' AS p, 'a' AS q", { mode: 'append', partitionBy: ['p'] })
    const query = "SELECT i::INTEGER AS id, NULLIF('a', 'a') AS p, NULL::VARCHAR AS q FROM range(9) r(i)"
    await assert.rejects(made.write(query, replacePartitions(...by)), {
      code: 'NullPartitionValue',
      message: /rows have no value in [pq]: \{id: 0, p: null, q: null\}, .*\{id: 4, /,
    })
    assert.equal((await made.snapshot())?.version, 0)
  })

test('replacePartitions without the column in the result is refused', async () => {
  await partitioned()
  await assert.rejects(made.write('SELECT 1 AS id', replacePartitions('p')), { code: 'MissingColumn' })
})

test('partition values with one meaning and several texts are the same partition', async () => {
  const decimal = (value: string) =>
    `SELECT 1 AS id, ${value}::DECIMAL(5, 2) AS p, TIMESTAMPTZ '2020-01-01 00:00:00+00' AS t`
  await made.write(decimal('1.5'), { mode: 'append', partitionBy: ['p', 't'] })
  await made.write(decimal('1.50').replace('1 AS id', '2 AS id'), replacePartitions('t', 'p'))
  assert.deepEqual(
    (await made.rows()).map(({ id }) => id),
    [2],
  )
})

test('replacePartition deletes and writes the rows with its values, in whole files where it can', async () => {
  await partitioned()
  await made.write("SELECT 100 AS id, 'b' AS p", replacePartition('p', 'b'))
  assert.deepEqual(await made.rows(where("p = 'b'")), [{ id: 100, p: 'b' }])
  await assert.rejects(made.write("SELECT 1 AS id, 'a' AS p", replacePartition('p', 'b')), {
    code: 'RowsOutside',
    message: /\{id: 1, p: "a"\}/,
  })
  await made.write(none, replacePartition('p', 'b'))
  assert.equal((await made.rows()).length, 8)
})

test('replacePartition of the null partition works', async () => {
  await made.write("SELECT 1 AS id, NULL::VARCHAR AS p UNION ALL SELECT 2, 'a'", { mode: 'append', partitionBy: ['p'] })
  await made.write('SELECT 3 AS id, NULL::VARCHAR AS p', replacePartition('p', null))
  assert.deepEqual(
    (await made.rows()).map(({ id }) => id),
    [2, 3],
  )
})

test('replaceWhere takes params as literals, keeps rows for which the condition is null, and reads only what it must', async () => {
  await made.write("SELECT i::INTEGER AS id, CASE WHEN i < 3 THEN 'it''s' END AS p FROM range(6) r(i)", append)
  await made.write('SELECT i::INTEGER AS id, NULL AS p FROM range(100, 103) r(i)', append)
  const [, second] = await paths()
  await made.write("SELECT 50 AS id, 'it''s' AS p", replaceWhere('p = $(params.p) AND id < 100'), {
    params: { p: { type: 'string', value: "it's" } },
  })
  assert.deepEqual(
    (await made.rows()).map(({ id }) => id),
    [3, 4, 5, 50, 100, 101, 102],
  )
  assert.ok((await paths()).includes(second ?? ''))
})

test('replaceWhere refuses rows outside, with examples, also when it makes the table', async () => {
  const rejected = { code: 'RowsOutside', message: /rows outside of id > 5, .*: \{id: 1\}, \{id: null\}; filter/ }
  await assert.rejects(made.write('SELECT unnest([1, 9, NULL]) AS id', replaceWhere('id > 5')), rejected)
  assert.equal(await made.snapshot(), undefined)
  await made.write('SELECT 9 AS id', replaceWhere('id > 5'))
  await assert.rejects(made.write('SELECT unnest([1, 9, NULL]) AS id', replaceWhere('id > 5')), rejected)
  assert.deepEqual(await made.rows(), [{ id: 9 }])
})

test('replaceWhere says where in its predicate an error lies', async () => {
  await made.write('SELECT 9 AS id', append)
  await assert.rejects(made.write('SELECT 9 AS id', replaceWhere('id > 5 AND idd = 1')), {
    code: 'UnknownColumn',
    at: { field: 'target.table.replaceWhere.predicate', offset: 11 },
  })
})

test('an empty result empties the table with replace, with a warning', async () => {
  await made.write('SELECT 1 AS id', append)
  const { warnings, rows, files } = await made.write('SELECT 1 AS id WHERE false', replace)
  assert.deepEqual([rows, files], [0, 0])
  assert.match(warnings[0] ?? '', /table "raw\.t" is empty now/)
  assert.deepEqual(await made.rows(), [])
})

test('an empty result leaves the table alone with replacePartitions, but is committed', async () => {
  await partitioned()
  const { warnings, tableVersion } = await made.write(none, replacePartitions('p'))
  assert.match(warnings[0] ?? '', /left as it is: the result has no rows/)
  assert.equal(tableVersion, 2)
  assert.equal((await made.rows()).length, 12)
})

test('an empty result empties what replaceWhere names', async () => {
  await partitioned()
  await made.write(none, replaceWhere("p = 'a' OR id = 1"))
  assert.equal((await made.rows()).length, 7)
})

for (const mode of [
  append,
  replace,
  replacePartitions('p'),
  replacePartition('p', 'a'),
  replaceWhere('id = 1'),
  upsert(['id']),
])
  test(`failOnEmpty makes an empty result an error, and nothing is changed: ${mode.mode}`, async () => {
    await partitioned()
    await assert.rejects(made.write(none, mode, { target: { failOnEmpty: true } }), {
      code: 'EmptyResult',
      kind: 'invalid',
    })
    assert.equal((await made.rows()).length, 12)
    assert.equal((await made.snapshot())?.version, 1)
  })

for (const mode of [append, replace, replaceWhere('true'), upsert(['id'])])
  test(`an empty result makes an empty table: ${mode.mode}`, async () => {
    await made.write(none, mode)
    assert.deepEqual(await made.rows(), [])
    assert.equal((await made.snapshot())?.metadata.schema.fields.length, 2)
  })

test("the history tells the mode, the counts and the run's ids", async () => {
  await partitioned()
  await made.write("SELECT 1 AS id, 'a' AS p", replacePartitions('p'), { step: 'marts' })
  const [last] = await history()
  assert.equal(last?.operation, 'WRITE')
  assert.equal(last?.parameters['loomMode'], 'replacePartitions')
  assert.equal(last?.metrics['numOutputRows'], '1')
  assert.equal(last?.run?.step, 'marts')
})
