import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../../src/base/index.ts'
import { parseSqlType, type SqlType, showSqlType } from '../../../src/formats/index.ts'
import { aSession } from '../support/table.ts'

const session = await aSession()

const PLAIN = ['INTEGER', 'VARCHAR', 'TIMESTAMP WITH TIME ZONE', 'BLOB', 'UTINYINT', 'UUID', 'TIMESTAMP_NS', 'JSON']
const fieldName = fc
  .oneof(
    fc.constantFrom('a', 'a b', 'sel"ect', "it's", 'MAP', 'x[]', 'a,b', '(x)', 'ü'),
    fc.string({ minLength: 1, maxLength: 6 }),
  )
  .filter((name) => !name.includes('\0'))
const { type: types } = fc.letrec<{ type: SqlType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...PLAIN).map((name): SqlType => ({ kind: 'plain', name })),
    fc
      .record({ precision: fc.integer({ min: 1, max: 38 }), scale: fc.integer({ min: 0, max: 38 }) })
      .map(({ precision, scale }): SqlType => ({ kind: 'decimal', precision, scale: Math.min(precision, scale) })),
    tie('type').map((item): SqlType => ({ kind: 'list', item })),
    fc
      .record({ item: tie('type'), length: fc.integer({ min: 1, max: 9 }) })
      .map((array): SqlType => ({ kind: 'array', ...array })),
    fc.record({ key: tie('type'), value: tie('type') }).map((map): SqlType => ({ kind: 'map', ...map })),
    fc
      .uniqueArray(fc.record({ name: fieldName, type: tie('type') }, { noNullPrototype: true }), {
        minLength: 1,
        maxLength: 4,
        selector: (field) => field.name.toLowerCase(),
      })
      .map((fields): SqlType => ({ kind: 'struct', fields })),
    fc.uniqueArray(fieldName, { minLength: 1, maxLength: 3 }).map((values): SqlType => ({ kind: 'enum', values })),
  ),
}))

test('every type reads back as it was shown', () => {
  fc.assert(
    fc.property(types, (type) => assert.deepEqual(parseSqlType(showSqlType(type)), type)),
    { numRuns: 500 },
  )
})

test('the engine reads our texts, and what it answers means the same', async () => {
  await fc.assert(
    fc.asyncProperty(types, async (type) => {
      const [column] = await session.describe(`SELECT CAST(NULL AS ${showSqlType(type)}) AS c`)
      assert.ok(column)
      assert.deepEqual(parseSqlType(column.type), type)
    }),
    { numRuns: 150 },
  )
})

for (const text of [
  '',
  'STRUCT(',
  'STRUCT()',
  'STRUCT(a)',
  'MAP(VARCHAR)',
  'DECIMAL(a,b)',
  'INTEGER]',
  'INTEGER[x]',
  'FOO(1)',
  'ENUM(1)',
  'INTEGER, VARCHAR',
])
  test(`"${text}" is no type`, () => {
    assert.throws(
      () => parseSqlType(text),
      (thrown) => thrown instanceof Fault && thrown.code === 'TypeTextUnknown',
    )
  })
