import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { DuckDbSession } from '../../../src/engine/duckdb/session.ts'
import { parsePredicate, pruneFiles, type Snapshot, scanQuery } from '../../../src/formats/index.ts'
import { append, type Tables, tables } from '../../targets/table/table-fixture.ts'

// Files with rows of every type that has statistics; some columns all null in a file, some files without a column.
const FILES = [
  `SELECT 'a' AS p, i, i::VARCHAR || 'x' AS s, i / 4 AS d, DATE '2020-01-01' + i::INTEGER AS day, i % 2 = 0 AS b,
     TIMESTAMPTZ '2020-01-01 00:00:00.0004+00' + to_hours(i::INTEGER) AS t, (i * 0.125)::DECIMAL(20, 3) AS m FROM range(0, 10) r(i)`,
  `SELECT 'b' AS p, i, repeat('y', 40) || i AS s, 'NaN'::DOUBLE AS d, DATE '2020-02-01' AS day, true AS b,
     TIMESTAMPTZ '2020-02-01 00:00:00+00' AS t, -5::DECIMAL(20, 3) AS m FROM range(100, 103) r(i)`,
  `SELECT NULL AS p, NULL::BIGINT AS i, NULL::VARCHAR AS s, 1.5::DOUBLE AS d, NULL::DATE AS day, false AS b,
     NULL::TIMESTAMPTZ AS t, 12345678901234567.125::DECIMAL(20, 3) AS m FROM range(3)`,
  `SELECT 'it''s' AS p, CASE WHEN i < 2 THEN i END AS i, 'z' AS s, CASE WHEN i > 1 THEN 'NaN'::DOUBLE ELSE i END AS d,
     NULL::DATE AS day, NULL::BOOLEAN AS b, TIMESTAMPTZ '2019-06-01 12:00:00.999999+00' AS t, 0::DECIMAL(20, 3) AS m FROM range(4) r(i)`,
  `SELECT 'a/b c' AS p, 9223372036854775807 - i AS i FROM range(2) r(i)`,
  `SELECT 'x=y%20ü' AS p, -9223372036854775807 AS i, '' AS s`,
]

let made: Tables
let session: DuckDbSession
let snapshot: Snapshot

before(async () => {
  made = tables()
  for (const query of FILES) await made.write(query, { mode: 'append', partitionBy: ['p'] })
  await made.write("SELECT 'c' AS p, 5 AS i, 7 AS extra", append, { target: { schema: 'evolve' } })
  snapshot = (await made.snapshot()) as Snapshot
  session = await made.session()
})
after(async () => {
  session.close()
  await made.remove()
})

const LITERALS: Record<string, string[]> = {
  p: ["'a'", "'b'", "'it''s'", "'a/b c'", "'x=y%20ü'", "'A'", "lower('A')", 'NULL'],
  i: [
    '0',
    '-1',
    '5',
    '9',
    '10',
    '100',
    '5.5',
    "'7'",
    '9223372036854775807',
    '9223372036854775806',
    '2 + 3',
    '1e3',
    'NULL',
  ],
  s: [
    "'0x'",
    "'5'",
    "'z'",
    "''",
    "repeat('y', 40)",
    "'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy101'",
    'CAST(5 AS VARCHAR)',
  ],
  d: ['0', '1.5', '2.25', "'NaN'::DOUBLE", '-1', "'Infinity'::DOUBLE", '1e300'],
  day: ["DATE '2020-01-05'", "'2020-02-01'", "DATE '2020-01-01' + INTERVAL 1 MONTH", "TIMESTAMP '2020-01-03 12:00:00'"],
  b: ['true', 'false', 'NULL'],
  t: [
    "TIMESTAMPTZ '2020-01-01 03:00:00.0004+00'",
    "'2019-06-01 12:00:00.999999+00'",
    "DATE '2020-01-01'",
    "TIMESTAMPTZ '2019-06-01 12:00:00.9995Z'",
  ],
  m: ['0', '-5', '1.125', '12345678901234567.125', '12345678901234567.126', '12345678901234567.1255'],
  extra: ['7', '8'],
}
const column = fc.constantFrom(...Object.keys(LITERALS))
const comparison = fc
  .record({
    name: column,
    how: fc.constantFrom('=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM'),
    at: fc.nat(),
    flipped: fc.boolean(),
  })
  .map(({ name, how, at, flipped }) => {
    const literals = LITERALS[name] ?? []
    const literal = literals[at % literals.length]
    return flipped ? `${literal} ${how} ${name}` : `${name} ${how} ${literal}`
  })
const membership = fc
  .record({ name: column, negated: fc.boolean(), picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }) })
  .map(({ name, negated, picks }) => {
    const literals = LITERALS[name] ?? []
    return `${name} ${negated ? 'NOT ' : ''}IN (${picks.map((at) => literals[at % literals.length]).join(', ')})`
  })
const between = fc
  .record({ name: column, negated: fc.boolean(), from: fc.nat(), to: fc.nat() })
  .map(({ name, negated, from, to }) => {
    const literals = LITERALS[name] ?? []
    return `${name} ${negated ? 'NOT ' : ''}BETWEEN ${literals[from % literals.length]} AND ${literals[to % literals.length]}`
  })
const nullness = fc
  .record({ name: column, negated: fc.boolean() })
  .map(({ name, negated }) => `${name} IS ${negated ? 'NOT ' : ''}NULL`)
const odd = fc.constantFrom(
  "p LIKE 'a%'",
  'b',
  'NOT b',
  "upper(p) = 'A'",
  'length(p) > 1',
  'i + 1 > 5',
  'random() < 2',
  "p || s = 'a0x'",
  "CASE WHEN p = 'a' THEN i > 3 ELSE true END",
  'i > (SELECT 3)',
  'i = extra',
  'd > i',
  "date_trunc('month', day) = DATE '2020-01-01'",
  "coalesce(p, 'none') = 'none'",
)
const predicate = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    comparison,
    membership,
    between,
    nullness,
    odd,
    tie('tree').map((inner) => `NOT (${inner})`),
    fc
      .tuple(tie('tree'), tie('tree'), fc.constantFrom('AND', 'OR'))
      .map(([left, right, how]) => `(${left}) ${how} (${right})`),
  ),
})).tree

async function pruned(condition: string) {
  const { schema, partitionColumns } = snapshot.metadata
  const names = schema.fields.map((field) => field.name)
  const predicates = [await parsePredicate(condition, names, session)]
  return await pruneFiles({ files: snapshot.files, schema, partitionColumns, predicates, session })
}

async function matching(files: Snapshot['files'], condition: string) {
  const { schema, partitionColumns } = snapshot.metadata
  const scan = scanQuery({ root: `${made.root}/t`, files, schema, partitionColumns })
  return await session.rows(`SELECT * FROM (${scan}) WHERE ${condition} ORDER BY ALL`)
}

test('no predicate whatsoever loses a row to pruning', async () => {
  await fc.assert(
    fc.asyncProperty(predicate, async (condition) => {
      const expected = await matching(snapshot.files, condition).catch(() => undefined)
      if (expected === undefined) return // no lawful predicate: text compared with a number, say
      assert.deepEqual(await matching(await pruned(condition), condition), expected)
    }),
    { numRuns: 400 },
  )
})

for (const { condition, files, why } of [
  { condition: "p = 'a'", files: 1, why: 'partition value' },
  { condition: "p <> 'a'", files: 5, why: 'partition value, the null one is out' },
  { condition: 'p IS NULL', files: 1, why: 'null partition value' },
  { condition: "upper(p) = 'A'", files: 1, why: 'a function of the partition value' },
  { condition: "p LIKE 'a%' AND i < 50", files: 1, why: 'both' },
  { condition: 'i > 50', files: 2, why: 'statistics of integers beyond 53 bits' },
  { condition: 'i = 9223372036854775807', files: 1, why: 'the greatest integer' },
  { condition: 'i < 0', files: 1, why: 'least value' },
  { condition: 'NOT (i >= 0)', files: 1, why: 'negation' },
  { condition: 'i BETWEEN 100 AND 102', files: 1, why: 'a range' },
  { condition: 'i IN (101, 102)', files: 1, why: 'a list' },
  { condition: "s = 'z'", files: 1, why: 'text' },
  { condition: "day >= DATE '2020-01-15'", files: 1, why: 'dates, and files where all are null' },
  { condition: "t < TIMESTAMPTZ '2019-12-31 00:00:00+00'", files: 1, why: 'timestamps' },
  { condition: 'm > 12345678901234567', files: 1, why: 'decimals beyond a double' },
  { condition: 'extra = 8', files: 6, why: 'statistics, where there are any' },
  { condition: 'random() < 2', files: 7, why: 'nothing to go by' },
])
  test(`files are left out by ${why}: ${condition}`, async () => {
    assert.equal((await pruned(condition)).length, files)
  })

test('a timestamp whose greatest value another writer cut to milliseconds is still found', async () => {
  const [file] = snapshot.files.filter(({ partitionValues }) => partitionValues['p'] === "it's")
  assert.ok(file?.stats)
  const cut = {
    ...file,
    stats: file.stats.replace(/"maxValues":\{[^}]*\}/, '"maxValues":{"t":"2019-06-01T12:00:00.999Z"}'),
  }
  const { schema, partitionColumns } = snapshot.metadata
  const condition = "t > TIMESTAMPTZ '2019-06-01 12:00:00.9995+00'"
  const predicates = [await parsePredicate(condition, ['t'], session)]
  assert.deepEqual(await pruneFiles({ files: [cut], schema, partitionColumns, predicates, session }), [cut])
})

test('a NaN, which the engine holds for the greatest number and other writers leave out of statistics, is still found', async () => {
  const [file] = snapshot.files.filter(({ partitionValues }) => partitionValues['p'] === 'b')
  assert.ok(file)
  const stats = '{"numRecords":3,"minValues":{"d":1.0},"maxValues":{"d":2.0},"nullCount":{"d":0}}'
  const { schema, partitionColumns } = snapshot.metadata
  const kept = async (condition: string) => {
    const predicates = [await parsePredicate(condition, ['d'], session)]
    return (await pruneFiles({ files: [{ ...file, stats }], schema, partitionColumns, predicates, session })).length
  }
  assert.equal(await kept('d > 5'), 1)
  assert.equal(await kept("d = 'NaN'::DOUBLE"), 1)
  assert.equal(await kept('d < 0.5'), 0)
})

for (const { condition, code, why } of [
  { condition: 'i = ', code: 'SqlSyntax', why: 'half a condition' },
  { condition: 'i = 1) ORDER BY (i', code: 'NotAPredicate', why: 'more than a condition' },
  { condition: 'true) UNION ALL SELECT * FROM (SELECT 1', code: 'NotAPredicate', why: 'a second query' },
  { condition: 'i = 1; DROP TABLE x', code: 'SqlSyntax', why: 'a second statement' },
  { condition: 'nam = 1', code: 'UnknownColumn', why: 'an unknown column' },
])
  test(`a predicate is refused when it is ${why}`, async () => {
    await assert.rejects(parsePredicate(condition, ['i', 'name'], session), { name: 'Fault', kind: 'invalid', code })
  })

test('a comment at the end of a predicate, a lambda and a nested field do no harm', async () => {
  for (const condition of ['i = 1 -- one', 'len(list_filter([1, 2], lambda x: x > 1)) = 1', 'i.name = 1'])
    assert.equal((await parsePredicate(condition, ['i'], session)).text, `${condition}\n`)
})
