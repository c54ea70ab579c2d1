import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { statsOf } from '../../../src/formats/delta/stats.ts'
import { toDeltaSchema } from '../../../src/formats/index.ts'
import { aSession, folders } from '../support/table.ts'

const aFolder = folders()
const session = await aSession()
const folder = await aFolder()
let files = 0

/** The raw statistics of a file with the query's rows. */
async function statsText(query: string, configuration: Record<string, string> = {}): Promise<string> {
  const schema = toDeltaSchema(await session.describe(query))
  const [row] = await session.rows(
    `COPY (${query}) TO '${join(folder, `${files++}.parquet`)}' (FORMAT parquet, RETURN_STATS true)`,
  )
  assert.ok(row)
  return statsOf(row, { schema, partitionColumns: [], configuration })
}

test('numbers of any size keep their digits', async () => {
  assert.equal(
    await statsText(
      'SELECT 9223372036854775807 AS l, (-9223372036854775808)::BIGINT AS m, 0.50::DECIMAL(38,20) AS d, 0.1::FLOAT AS f, 1e300 AS x',
    ),
    '{"numRecords":1,' +
      '"minValues":{"l":9223372036854775807,"m":-9223372036854775808,"d":0.50000000000000000000,"f":0.10000000149011612,"x":1e+300},' +
      '"maxValues":{"l":9223372036854775807,"m":-9223372036854775808,"d":0.50000000000000000000,"f":0.10000000149011612,"x":1e+300},' +
      '"nullCount":{"l":0,"m":0,"d":0,"f":0,"x":0}}',
  )
})

test('times are rounded outwards to milliseconds', async () => {
  const stats = JSON.parse(
    await statsText(
      `SELECT * FROM (VALUES (TIMESTAMPTZ '2020-12-31 23:59:59.999999+00', TIMESTAMP '2020-12-31 23:59:59.999001', DATE '2020-02-29')) t(z, n, d)`,
    ),
  )
  assert.deepEqual(stats.minValues, { z: '2020-12-31T23:59:59.999Z', n: '2020-12-31T23:59:59.999', d: '2020-02-29' })
  assert.deepEqual(stats.maxValues, { z: '2021-01-01T00:00:00.000Z', n: '2021-01-01T00:00:00.000', d: '2020-02-29' })
})

test('columns that can not be bounded have their nulls counted only', async () => {
  const stats = JSON.parse(
    await statsText(
      `SELECT unnest([1.0, 'nan'::DOUBLE, NULL]) AS nan, 'inf'::DOUBLE AS inf, true AS b, 'x'::BLOB AS bin, NULL::INTEGER AS nothing, DATE 'infinity' AS d, TIMESTAMP '12020-01-01' AS far`,
    ),
  )
  assert.deepEqual(stats, {
    numRecords: 3,
    minValues: {},
    maxValues: {},
    nullCount: { nan: 1, inf: 0, b: 0, bin: 0, nothing: 3, d: 0, far: 0 },
  })
})

test('members of structs are nested, what is in lists and maps is left out', async () => {
  const stats = JSON.parse(
    await statsText(
      `SELECT {'a b': 1, 'q"x': {'m': NULL::INTEGER}} AS s, [1] AS l, MAP {'k': 1} AS m, [{'z': 1}] AS ls`,
    ),
  )
  assert.deepEqual(stats, {
    numRecords: 1,
    minValues: { s: { 'a b': 1 } },
    maxValues: { s: { 'a b': 1 } },
    nullCount: { s: { 'a b': 0, 'q"x': { m: 1 } } },
  })
})

test('as many columns have statistics as the table says', async () => {
  const query = `SELECT {'a': 1, 'b': 2} AS s, ${Array.from({ length: 40 }, (_, i) => `${i} AS c${i}`).join(', ')}`
  const counted = async (configuration: Record<string, string>) => {
    const { nullCount } = JSON.parse(await statsText(query, configuration))
    return Object.keys(nullCount).length + (nullCount.s === undefined ? 0 : Object.keys(nullCount.s).length - 1)
  }
  assert.equal(await counted({}), 32)
  assert.equal(await counted({ 'delta.dataSkippingNumIndexedCols': '-1' }), 42)
  assert.equal(await counted({ 'delta.dataSkippingNumIndexedCols': '1' }), 1)
  assert.equal(await counted({ 'delta.dataSkippingNumIndexedCols': '0' }), 0)
})

const byCodePoint = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

test('texts of any length lie between their bounds, which are never long', async () => {
  const char = fc.oneof(
    fc.constantFrom('a', 'é', '\u{d7ff}', '\u{10ffff}', '😀', '"', '\\'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  )
  const text = fc
    .oneof(fc.string({ unit: char, maxLength: 8 }), fc.string({ unit: char, minLength: 28, maxLength: 40 }))
    .map((value) => value.replaceAll('\0', ''))
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 3 }), async (texts) => {
      const rows = texts.map((value) => `('${value.replaceAll("'", "''")}')`).join(', ')
      const { minValues, maxValues } = JSON.parse(await statsText(`SELECT * FROM (VALUES ${rows}) t(c)`))
      for (const value of texts) {
        if (minValues.c !== undefined) assert.ok(byCodePoint(minValues.c, value) <= 0, `${minValues.c} > ${value}`)
        if (maxValues.c !== undefined) assert.ok(byCodePoint(maxValues.c, value) >= 0, `${maxValues.c} < ${value}`)
      }
      assert.ok(Array.from(`${minValues.c ?? ''}`).length <= 32 && Array.from(`${maxValues.c ?? ''}`).length <= 32)
    }),
    { numRuns: 100 },
  )
})

test('of a long text the bounds are a prefix and the next prefix', async () => {
  const { minValues, maxValues } = JSON.parse(await statsText(`SELECT repeat('z', 100) AS c`))
  assert.equal(minValues.c, 'z'.repeat(32))
  assert.equal(maxValues.c, `${'z'.repeat(31)}{`)
})
