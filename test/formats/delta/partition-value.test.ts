import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../../src/base/index.ts'
import {
  assertPartitionColumns,
  decodePath,
  encodePath,
  partitionLiteral,
  partitionTextSql,
  partitionValueText,
  toDeltaSchema,
  toSqlType,
} from '../../../src/formats/index.ts'
import { aSession } from '../support/table.ts'

const session = await aSession()
const CASES: [type: string, sql: string, text: string | null][] = [
  ['string', `'a/b c'`, 'a/b c'],
  ['string', `'x=y%20ü'`, 'x=y%20ü'],
  ['string', `'it''s'`, "it's"],
  ['string', `':'`, ':'],
  ['string', `''`, null],
  ['string', 'NULL', null],
  ['string', `'NULL'`, 'NULL'],
  ['string', `' '`, ' '],
  ['date', `DATE '2013-01-31'`, '2013-01-31'],
  ['integer', '-7', '-7'],
  ['long', '9223372036854775807', '9223372036854775807'],
  ['decimal(10,2)', '1.50', '1.50'],
  ['boolean', 'true', 'true'],
  ['double', '1.5', '1.5'],
  ['timestamp', `TIMESTAMPTZ '2013-01-31 05:06:07.000123+00'`, '2013-01-31 05:06:07.000123'],
  ['timestamp', `TIMESTAMPTZ '2013-01-31 05:06:07+02'`, '2013-01-31 03:06:07.000000'],
  ['timestamp_ntz', `TIMESTAMP '2013-01-31 05:06:07.5'`, '2013-01-31 05:06:07.500000'],
]

for (const [type, sql, text] of CASES)
  test(`${type} ${sql} is ${JSON.stringify(text)} in the log and comes back the same`, async () => {
    const value = `CAST(${sql} AS ${toSqlType(type)})`
    const back = partitionLiteral(text, type)
    const [row] = await session.rows(
      `SELECT ${partitionTextSql(value, type)} AS text, ${back} IS NOT DISTINCT FROM ${text === null ? 'NULL' : value} AS same, typeof(${back}) AS type`,
    )
    assert.deepEqual(row, { text, same: true, type: toSqlType(type) })
  })

for (const [text, type] of [
  ['2013-01-31T05:06:07.000123Z', 'timestamp'],
  ['2013-01-31 05:06:07.000123', 'timestamp'],
  ['2013-01-31 07:06:07.000123+02:00', 'timestamp'],
  ['2013-01-31 05:06:07.000123', 'timestamp_ntz'],
] as const)
  test(`others may write ${text} for a ${type}`, async () => {
    const [row] = await session.rows(`SELECT epoch_us(${partitionLiteral(text, type)}) AS us`)
    assert.equal(row?.['us'], String(Date.parse('2013-01-31T05:06:07Z') * 1000 + 123))
  })

test('what the engine shows of a copy is put in the form of the log', () => {
  assert.equal(partitionValueText('2013-01-31 05:06:07+00', 'timestamp'), '2013-01-31 05:06:07')
  assert.equal(partitionValueText('2013-01-31', 'date'), '2013-01-31')
  assert.equal(partitionValueText('', 'string'), null)
  assert.equal(partitionValueText('a+00', 'string'), 'a+00')
})

test('every path comes back from the log as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (path) => {
      const encoded = encodePath(path)
      assert.match(encoded, /^[A-Za-z0-9\-_.!~*'()/=%]*$/)
      assert.equal(decodePath(encoded), path)
    }),
  )
  assert.equal(decodePath('file:///lake/a%20b'), '/lake/a b')
  assert.equal(decodePath('s3://bucket/a%20b'), 's3://bucket/a b')
  assert.equal(decodePath('100%.parquet'), '100%.parquet')
})

test('a binary partition value is refused', () => {
  assert.throws(() => partitionLiteral('x', 'binary'), /binary column/)
})

test('columns that can be no partition columns are refused', () => {
  const schema = toDeltaSchema([
    { name: 'a', type: 'INTEGER' },
    { name: 'b', type: 'BLOB' },
    { name: 'l', type: 'INTEGER[]' },
  ])
  for (const columns of [['x'], ['b'], ['l'], ['a', 'a']])
    assert.throws(
      () => assertPartitionColumns(schema, columns),
      (thrown) => thrown instanceof Fault && thrown.code === 'PartitionColumnNotSupported',
    )
  assert.throws(
    () => assertPartitionColumns(toDeltaSchema([{ name: 'a', type: 'INTEGER' }]), ['a']),
    /no column would be left/,
  )
  assertPartitionColumns(schema, ['a'])
})
