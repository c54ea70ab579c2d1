import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../src/base/index.ts'
import { InstancePool } from '../../src/engine/duckdb/instance.ts'
import type { DuckDbSession } from '../../src/engine/duckdb/session.ts'
import { parseTemplate, renderTemplate, type TypedValue } from '../../src/plan/index.ts'
import { identifier, paramLiteral, textLiteral, valueLiteral } from '../../src/step/index.ts'
import { anyText as anyChars } from '../base/any-text.ts'
import { openSession } from './open-session.ts'

let pool: InstancePool
let session: DuckDbSession
before(async () => {
  pool = new InstancePool({ memoryLimit: '512MB', threads: 1 })
  session = await openSession(pool)
})
after(async () => {
  await session.close()
  await pool.close()
})

const anyText = anyChars(60).filter((text) => !text.includes('\0'))
const awkward = fc.constantFrom(
  "'",
  "''",
  '\\',
  "\\'",
  '$(params.x)',
  '--',
  '/*',
  ';',
  '"',
  '$$',
  "E'x'",
  '\n',
  '',
  '💥',
)
const text = fc.oneof(
  anyText,
  fc.array(fc.oneof(awkward, anyText), { maxLength: 4 }).map((pieces) => pieces.join('')),
)

/** Lone surrogates are no text in UTF-8: they come back as U+FFFD from any engine. */
const utf8 = (value: string) => Buffer.from(value).toString()

test('any text of a param comes back as that text, whatever stands in it', async () => {
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      const [row] = await session.rows(`SELECT ${valueLiteral({ type: 'string', value })} AS v, 1 AS n`)
      assert.deepEqual(row, { v: utf8(value), n: 1 })
    }),
    { numRuns: 300 },
  )
})

test('any text can be the name of a column', async () => {
  await fc.assert(
    fc.asyncProperty(
      text.filter((name) => name !== ''),
      async (name) => {
        const columns = await session.describe(`SELECT 1 AS ${identifier(name)}`)
        assert.deepEqual(columns, [{ name: utf8(name), type: 'INTEGER' }])
      },
    ),
    { numRuns: 200 },
  )
})

const cases: { value: TypedValue; type: string; shown: unknown; why: string }[] = [
  { value: { type: 'string', value: "O'Hare" }, type: 'VARCHAR', shown: "O'Hare", why: 'quotes are doubled' },
  {
    value: { type: 'integer', value: '9223372036854775807' },
    type: 'BIGINT',
    shown: '9223372036854775807',
    why: '64 bits',
  },
  {
    value: { type: 'integer', value: '-9223372036854775808' },
    type: 'BIGINT',
    shown: '-9223372036854775808',
    why: '64 bits',
  },
  { value: { type: 'number', value: 0.1 }, type: 'DOUBLE', shown: 0.1, why: 'not a DECIMAL' },
  { value: { type: 'number', value: 1e300 }, type: 'DOUBLE', shown: 1e300, why: 'exponents' },
  { value: { type: 'number', value: -0 }, type: 'DOUBLE', shown: -0, why: 'the sign of zero stays' },
  { value: { type: 'number', value: Number.NaN }, type: 'DOUBLE', shown: 'NaN', why: 'not a name' },
  { value: { type: 'boolean', value: true }, type: 'BOOLEAN', shown: true, why: 'boolean' },
  { value: { type: 'date', value: '2013-01-31' }, type: 'DATE', shown: '2013-01-31', why: 'date' },
  {
    value: { type: 'timestamp', value: '2013-01-31T05:06:07.123456Z' },
    type: 'TIMESTAMP WITH TIME ZONE',
    shown: '2013-01-31 05:06:07.123456+00',
    why: 'microseconds and zone stay',
  },
  {
    value: { type: 'uuid', value: '0f0e0d0c-0b0a-4908-8706-050403020100' },
    type: 'VARCHAR',
    shown: '0f0e0d0c-0b0a-4908-8706-050403020100',
    why: 'uuid',
  },
  {
    value: { type: 'list', items: 'string', value: [] },
    type: 'VARCHAR[]',
    shown: [],
    why: 'an empty list has its type',
  },
  {
    value: {
      type: 'list',
      items: 'date',
      value: [
        { type: 'date', value: '2013-01-31' },
        { type: 'null', value: null },
      ],
    },
    type: 'DATE[]',
    shown: ['2013-01-31', null],
    why: 'items have their type, nulls too',
  },
]

for (const { value, type, shown, why } of cases)
  test(`a ${value.type} becomes a literal of type ${type}: ${why} (SQL-5)`, async () => {
    const query = `SELECT ${valueLiteral(value)} AS v`
    assert.deepEqual(await session.describe(query), [{ name: 'v', type }])
    assert.deepEqual(await session.rows(query), [{ v: shown }])
  })

test('null is NULL', async () => {
  assert.deepEqual(await session.rows(`SELECT ${valueLiteral({ type: 'null', value: null })} AS v`), [{ v: null }])
})

test('a NUL character is refused in names and texts', () => {
  for (const quote of [identifier, textLiteral])
    assert.throws(
      () => quote('a\0b'),
      (thrown) => thrown instanceof Fault && thrown.code === 'InvalidText' && thrown.kind === 'invalid',
    )
})

const codes: TypedValue = {
  type: 'list',
  items: 'string',
  value: ["O'Hare", 'b'].map((value) => ({ type: 'string', value })),
}
const none: TypedValue = { type: 'list', items: 'integer', value: [] }

const lists = [
  { sql: "SELECT 'b' IN $(params.codes) AS v", shown: true },
  { sql: "SELECT 'b' in ( $(params.codes) ) AS v", shown: true },
  { sql: "SELECT 'c' NOT IN $(params.codes) AS v", shown: true },
  { sql: 'SELECT 1 IN $(params.none) AS v', shown: false },
  { sql: 'SELECT 1 NOT IN ($(params.none)) AS v', shown: true },
  { sql: 'SELECT len($(params.codes)) AS v', shown: '2' },
  { sql: 'SELECT list_sort($(params.codes))[1] AS v', shown: "O'Hare" },
  { sql: 'SELECT count(*) AS v FROM unnest($(params.none))', shown: '0' },
  { sql: 'SELECT 5-$(params.minus) AS v', shown: 10 },
  { sql: "SELECT DATE '2013-01-01' + $(params.two) AS v", shown: '2013-01-03' },
]

for (const { sql, shown } of lists)
  test(`a param stands where a user puts it: ${sql}`, async () => {
    const { template } = parseTemplate(sql)
    const params: Record<string, TypedValue> = {
      codes,
      none,
      minus: { type: 'integer', value: '-5' },
      two: { type: 'integer', value: '2' },
    }
    assert.deepEqual(await session.rows(renderTemplate(template, paramLiteral(params)).text), [{ v: shown }])
  })

test('a param without a value is an error that names it', () => {
  const { template } = parseTemplate('SELECT $(params.month)')
  assert.throws(
    () => renderTemplate(template, paramLiteral({})),
    (thrown) => thrown instanceof Fault && thrown.code === 'UnknownParam' && thrown.message.includes('$(params.month)'),
  )
})
