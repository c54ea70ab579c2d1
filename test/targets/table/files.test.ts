import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { append, replace, type Tables, tables, upsert, where } from './table-fixture.ts'

let made: Tables
beforeEach(async () => {
  await made?.remove()
  made = tables()
})
after(() => made.remove())

const folder = () => join(made.root, 't')
const dataFiles = () =>
  readdirSync(folder(), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.parquet'))

async function storedColumns(path: string): Promise<unknown[]> {
  const session = await made.session()
  try {
    const rows = await session.rows(
      `DESCRIBE SELECT * FROM read_parquet('${path.replaceAll("'", "''")}', hive_partitioning = false)`,
    )
    return rows.map((row) => row['column_name'])
  } finally {
    session.close()
  }
}

const ODD = [
  'a/b c',
  'x=y%20ü',
  "it's",
  '__HIVE_DEFAULT_PARTITION__x',
  '..',
  '%2F',
  'a\\b',
  '"',
  '\n',
  'Ω:*?',
  'NULL',
  ' ',
]

test('odd partition values are right in rows, log, paths, pruning and replacement', async () => {
  const values = ODD.map((value, i) => `(${i}, '${value.replaceAll("'", "''")}')`).join(', ')
  await made.write(`SELECT * FROM (VALUES ${values}, (99, NULL)) v(id, p)`, { mode: 'append', partitionBy: ['p'] })
  const rows = await made.rows()
  assert.deepEqual(
    rows.sort((a, b) => Number(a['id']) - Number(b['id'])),
    [...ODD.map((p, id) => ({ id, p })), { id: 99, p: null }],
  )
  const snapshot = await made.snapshot()
  assert.deepEqual(new Set(snapshot?.files.map(({ partitionValues }) => partitionValues['p'])), new Set([...ODD, null]))
  for (const [id, p] of ODD.entries())
    assert.deepEqual(
      await made.rows({ where: where('p = $(params.p)').where }, { params: { p: { type: 'string', value: p } } }),
      [{ id, p }],
    )
  for (const p of ODD.slice(0, 4)) {
    const literal = p.replaceAll("'", "''")
    await made.write(`SELECT 1000 AS id, '${literal}' AS p`, { mode: 'replacePartitions', by: ['p'] })
  }
  assert.equal((await made.rows()).length, ODD.length + 1)
  assert.equal((await made.rows(where('id = 1000'))).length, 4)
})

test('data files hold no partition columns', async () => {
  await made.write("SELECT 1 AS id, 'a' AS p, 2 AS q, 'x' AS name", { mode: 'append', partitionBy: ['p', 'q'] })
  await made.write("SELECT 1 AS id, 'b' AS p, 2 AS q, 'y' AS name", upsert(['id']))
  for (const path of dataFiles()) assert.deepEqual(await storedColumns(join(folder(), path)), ['id', 'name'])
})

test('partition values of every type come back as they were', async () => {
  const row = {
    d: "DATE '2020-02-29'",
    t: "TIMESTAMPTZ '2020-01-01 05:00:00.123456+02'",
    n: "TIMESTAMP '2020-01-01 05:00:00'",
    m: '1.50::DECIMAL(10, 2)',
    b: 'true',
    i: '-9223372036854775807::BIGINT',
    s: "'x'",
    f: '0.1::DOUBLE',
  }
  const list = Object.entries(row).map(([name, value]) => `${value} AS ${name}`)
  const query = `SELECT 1 AS id, ${list.join(', ')}`
  await made.write(query, { mode: 'append', partitionBy: Object.keys(row) })
  const empty = `SELECT 2 AS id, ${Object.entries(row)
    .map(([name, value]) => `NULLIF(${value}, ${value}) AS ${name}`)
    .join(', ')}`
  await made.write(empty, append)
  const session = await made.session()
  const expected = await session.rows(query).finally(() => session.close())
  assert.deepEqual(await made.rows(where('id = 1')), expected)
  for (const [name, value] of Object.entries(row)) {
    assert.deepEqual(await made.rows(where(`${name} = ${value}`)), expected, name)
    assert.deepEqual(
      (await made.rows(where(`${name} IS NULL`))).map(({ id }) => id),
      [2],
      name,
    )
  }
})

test('a table with many partitions is read in one pass as well as in branches', async () => {
  await made.write('SELECT i AS id, i % 100 AS p FROM range(1000) r(i)', { mode: 'append', partitionBy: ['p'] })
  assert.deepEqual(await made.rows({ columns: ['p', 'id'], ...where('id IN (5, 705)') }), [
    { p: '5', id: '5' },
    { p: '5', id: '705' },
  ])
  assert.equal((await made.rows(where('p = 7'))).length, 10)
})

test('a column called file_index does not hide which file a row is in', async () => {
  await made.write("SELECT i AS file_index, ['a', 'b'][i % 2 + 1] AS p FROM range(10) r(i)", {
    mode: 'append',
    partitionBy: ['p'],
  })
  await made.write("SELECT 3 AS file_index, 'b' AS p UNION ALL SELECT 20, 'a'", upsert(['file_index']))
  const rows = await made.rows()
  assert.equal(rows.length, 11)
  assert.ok(rows.every(({ file_index, p }) => p === (Number(file_index) % 2 === 0 ? 'a' : 'b')))
})

test('files stay near the target size', async () => {
  const { files, rows } = await made.write(
    'SELECT range AS id, hash(range) % 1000000007 AS h FROM range(1000000)',
    append,
    {
      location: { targetFileSize: 2_000_000 },
    },
  )
  assert.equal(rows, 1_000_000)
  assert.ok(files > 3, `${files} files`)
  const [row] = await made.rows({ columns: ['id'], ...where('id = 777777') })
  assert.equal(row?.['id'], '777777')
})

test('table properties of the storage are set when the table is made', async () => {
  await made.write('SELECT 1 AS id', append, {
    location: { properties: { 'delta.appendOnly': 'true', 'acme.owner': 'me' } },
  })
  const properties = (await made.snapshot())?.metadata.configuration
  assert.equal(properties?.['acme.owner'], 'me')
  await assert.rejects(made.write('SELECT 1 AS id', replace), { code: 'TableAppendOnly' })
  assert.equal(dataFiles().length, 1)
})

test('what a killed first write left behind does not stop the next one', async () => {
  mkdirSync(folder())
  writeFileSync(
    join(folder(), 'part-3f1c3c0e-3f5c-4b5e-9a8e-0d6a5e2f7b11-9d0c5c3e-6f0e-4a53-8c1b-5b7a2a1d3c44.parquet'),
    '',
  )
  await made.write('SELECT 1 AS id', append)
  assert.deepEqual(await made.rows(), [{ id: 1 }])
})

test('a folder with other files is not made a table', async () => {
  mkdirSync(folder())
  writeFileSync(join(folder(), 'precious.csv'), 'a\n1\n')
  await assert.rejects(made.write('SELECT 1 AS id', append), {
    code: 'NotATable',
    kind: 'invalid',
    message: /precious\.csv/,
  })
  assert.equal(readFileSync(join(folder(), 'precious.csv'), 'utf8'), 'a\n1\n')
})

for (const { policy, schema, made: isMade } of [
  { policy: 'create', schema: 'strict', made: true },
  { policy: 'create', schema: 'evolve', made: true },
  { policy: 'schemaMode', schema: 'strict', made: false },
  { policy: 'schemaMode', schema: 'overwrite', made: true },
  { policy: 'error', schema: 'overwrite', made: false },
] as const)
  test(`a missing table is ${isMade ? 'made' : 'an error'} with policy ${policy} and schema ${schema} (TGT-1)`, async () => {
    const writing = made.write('SELECT 1 AS id', replace, {
      target: { schema },
      storage: { missingTablePolicy: policy },
    })
    if (isMade) assert.equal((await writing).tableVersion, 0)
    else
      await assert.rejects(writing, {
        code: 'TableNotFound',
        kind: 'missing',
        message: new RegExp(`missingTablePolicy is ${policy}; `),
      })
  })

test('columns that a table of somebody else declares as never null are heeded', async () => {
  await made.write('SELECT 1 AS id, 2 AS p', { mode: 'append', partitionBy: ['p'] })
  const path = join(folder(), '_delta_log', `${'0'.repeat(20)}.json`)
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\\"nullable\\":true', '\\"nullable\\":false'))
  await made.write('SELECT 3 AS id, 4 AS p', append)
  for (const query of ['SELECT NULL::INTEGER AS id, 4 AS p', 'SELECT 5 AS id, NULL::INTEGER AS p', 'SELECT 5 AS id'])
    await assert.rejects(made.write(query, append), { code: 'NullInColumn', kind: 'invalid' })
  assert.equal((await made.rows()).length, 2)
  assert.equal(dataFiles().length, 2)
})

test('a full disk is named, and nothing is lost', { skip: mountReason() }, async () => {
  mkdirSync(folder())
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=2m', 'loom-test', folder()])
  try {
    await made.write("SELECT range AS id, 'x' AS name FROM range(1000)", append)
    for (const mode of [append, replace, upsert(['id'])])
      await assert.rejects(
        made.write('SELECT range AS id, hash(range)::VARCHAR || hash(range + 1) AS name FROM range(500000)', mode),
        {
          code: 'DiskFull',
          kind: 'transient',
        },
      )
    assert.equal(dataFiles().length, 1)
    await made.write("SELECT 5000 AS id, 'y' AS name", append)
    assert.equal((await made.rows()).length, 1001)
  } finally {
    execFileSync('/bin/umount', ['-l', folder()])
  }
})

/** Only root may mount, and not in every container. */
function mountReason(): string | false {
  const at = mkdtempSync(join(tmpdir(), 'loom-mount-'))
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'loom-test', at], { stdio: 'ignore' })
    execFileSync('/bin/umount', ['-l', at])
    return false
  } catch {
    return 'a small file system can not be mounted here'
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
}
