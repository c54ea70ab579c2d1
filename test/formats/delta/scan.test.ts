import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { scanQuery, toDeltaSchema } from '../../../src/formats/index.ts'
import type { SqlSession } from '../../../src/step/index.ts'
import { aFile, aSession, folders } from '../support/table.ts'

const newFolder = folders()
const session: SqlSession = await aSession()
const SCHEMA = toDeltaSchema([{ name: 'n', type: 'BIGINT' }])
const BIG = 2 ** 30
let root: string

before(async () => {
  root = await newFolder()
  for (const name of ['a', 'b'])
    await session.run(
      `COPY (SELECT n, n AS file_index FROM range(1000) t(n)) TO '${join(root, `${name}.parquet`)}' (FORMAT parquet)`,
    )
})

const summed = async (query: string) =>
  await session.rows(`SELECT count(*) AS "rows", count(DISTINCT n) AS "values" FROM (${query})`)

test('a file that is alone is read once, whatever its size', async () => {
  for (const size of [statSync(join(root, 'a.parquet')).size, BIG]) {
    const scan = { root, files: [aFile('a.parquet', { size })], schema: SCHEMA, partitionColumns: [] }
    assert.deepEqual(await summed(scanQuery(scan)), [{ rows: '1000', values: '1000' }])
    const placed = scanQuery({ ...scan, positionAs: 'position' })
    assert.deepEqual(await session.rows(`SELECT DISTINCT position FROM (${placed})`), [{ position: '0' }])
  }
})

test('a file that is alone stands twice in its scan when it is big: then all threads read it', () => {
  const places = (size: number) => {
    const files = [aFile('a.parquet', { size })]
    return scanQuery({ root, files, schema: SCHEMA, partitionColumns: [] }).split('a.parquet').length - 1
  }
  assert.equal(places(1000), 1)
  assert.equal(places(BIG), 2)
})

test('a column named like the file index of the engine is a column like any other', async () => {
  const schema = toDeltaSchema([
    { name: 'n', type: 'BIGINT' },
    { name: 'file_index', type: 'BIGINT' },
  ])
  const scan = { root, files: [aFile('a.parquet', { size: BIG })], schema, partitionColumns: [] }
  assert.deepEqual(await summed(scanQuery(scan)), [{ rows: '1000', values: '1000' }])
})

test('the number of rows that the log gives is for estimates: a wrong one changes no result', async () => {
  for (const numRecords of [0, 1, 1_000_000_000]) {
    const stats = JSON.stringify({ numRecords })
    const files = ['a.parquet', 'b.parquet'].map((path) => aFile(path, { stats }))
    const query = scanQuery({ root, files, schema: SCHEMA, partitionColumns: [] })
    assert.deepEqual(await summed(query), [{ rows: '2000', values: '1000' }])
    assert.deepEqual(
      await session.rows(`SELECT count(*) AS c FROM (${query}) a JOIN (${query}) b USING (n) WHERE n >= 10`),
      [{ c: String(4 * 990) }],
    )
  }
})

test('joins are put in order by the number of rows that the log gives', async () => {
  const files = [aFile('a.parquet', { stats: '{"numRecords":123456}' })]
  const [plan] = await session.rows(
    `EXPLAIN (FORMAT json) ${scanQuery({ root, files, schema: SCHEMA, partitionColumns: [] })}`,
  )
  assert.match(JSON.stringify(plan), /123,?456/)
})
