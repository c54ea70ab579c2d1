// delta-rs and DuckDB's delta extension read whatever we write, value by value.
import assert from 'node:assert/strict'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { WriteMode } from '../../src/plan/index.ts'
import { append, replace, replacePartitions, replaceWhere, upsert, where } from '../targets/table/table-fixture.ts'
import { generatedTable } from './generated.ts'
import { aLake, type Lake } from './lake.ts'
import { Peers, READERS } from './peers.ts'

const peers = new Peers()
after(() => peers.close())

async function inLake(use: (lake: Lake) => Promise<void>): Promise<void> {
  const lake = aLake()
  try {
    await use(lake)
  } finally {
    await lake.remove()
  }
}

test('random tables of all types are read alike, partitioned or not', async () => {
  await fc.assert(
    fc.asyncProperty(generatedTable, ({ queries, partitionBy }) =>
      inLake(async (lake) => {
        let rows = 0
        for (const query of queries) rows += (await lake.write(query, { mode: 'append', partitionBy })).rows
        assert.equal((await lake.agree(peers)).rows.length, rows)
      }),
    ),
    { numRuns: 60 },
  )
})

const ODD = [
  'a/b c',
  'x=y%20ü',
  "it's",
  ':',
  '100%',
  '[a]*?',
  '#&+;',
  'NULL',
  '__HIVE_DEFAULT_PARTITION__',
  ' ',
  'a\\b',
  '😀',
  '{b}',
  '"',
  '~',
  '.',
  'A',
  'a',
]

/** Rows with an id, the partition column `kind` and a value; ids and kinds from a list. */
function rowsOf(list: [id: number, kind: string | null][], value: number): string {
  const row = ([id, kind]: [number, string | null]) =>
    `(${id}::BIGINT, ${kind === null ? 'NULL' : `'${kind.replaceAll("'", "''")}'`}, ${value}::DOUBLE, [${id}]::INTEGER[])`
  return `SELECT * FROM (VALUES ${list.map(row).join(', ')}) t(id, kind, value, list)`
}

test('every odd text is read alike as a partition value', () =>
  inLake(async (lake) => {
    const list = [...ODD, null].map((kind, id): [number, string | null] => [id, kind])
    await lake.write(rowsOf(list, 1), { mode: 'append', partitionBy: ['kind'] })
    const { rows } = await lake.agree(peers)
    assert.deepEqual(new Set(rows.map((row) => row[1])), new Set([...ODD, null]))
    for (const [id, kind] of list) {
      const predicate = kind === null ? 'kind IS NULL' : `kind = '${kind.replaceAll("'", "''")}'`
      for (const reader of ['delta-rs', 'duckdb'] as const)
        assert.deepEqual(
          (await peers.read({ reader, path: lake.path, where: predicate })).rows.map(([found]) => found),
          [String(id)],
          `${reader}: ${predicate}`,
        )
    }
  }))

test('negative decimals are read alike as partition values, but by the Arrow reader of delta-rs', () =>
  inLake(async (lake) => {
    await lake.write('SELECT 1 AS id, -0.25::DECIMAL(5,2) AS d UNION ALL SELECT 2, -3', {
      mode: 'append',
      partitionBy: ['d'],
    })
    await lake.agree(peers, ['delta-rs', 'duckdb'])
  }))

const MODES: { name: string; write: WriteMode; query: string }[] = [
  {
    name: 'append',
    write: append,
    query: rowsOf(
      [
        [1, 'new'],
        [20, 'a/b c'],
      ],
      2,
    ),
  },
  {
    name: 'replace',
    write: replace,
    query: rowsOf(
      [
        [1, 'new'],
        [2, null],
      ],
      2,
    ),
  },
  {
    name: 'replacePartitions',
    write: replacePartitions('kind'),
    query: rowsOf(
      [
        [1, 'a/b c'],
        [2, 'new'],
      ],
      2,
    ),
  },
  {
    name: 'replacePartition',
    write: { mode: 'replacePartition', values: [{ column: 'kind', value: { type: 'string', value: "it's" } }] },
    query: rowsOf([[1, "it's"]], 2),
  },
  { name: 'replaceWhere by partition', write: replaceWhere("kind = 'x=y%20ü'"), query: rowsOf([[1, 'x=y%20ü']], 2) },
  { name: 'replaceWhere by rows', write: replaceWhere('id < 3'), query: rowsOf([[1, 'a/b c']], 2) },
  {
    name: 'upsert',
    write: upsert(['id'], { partitionBy: ['kind'] }),
    query: rowsOf(
      [
        [0, 'a/b c'],
        [77, ':'],
      ],
      2,
    ),
  },
]
const EVERYTHING: [number, string | null][] = [
  ...ODD.map((kind, id): [number, string | null] => [id, kind]),
  [50, null],
]

for (const partitionBy of [['kind'], []])
  for (const { name, write, query } of MODES)
    test(`after ${name} on a table ${partitionBy.length > 0 ? 'with' : 'without'} partitions all see the same, at every version`, () =>
      inLake(async (lake) => {
        await lake.write(rowsOf(EVERYTHING, 1), { mode: 'append', partitionBy })
        const first = await lake.agree(peers)
        await lake.write(query, 'partitionBy' in write && write.mode !== 'append' ? { ...write, partitionBy } : write)
        assert.notDeepEqual(await lake.agree(peers), first)
        assert.deepEqual(await peers.read({ reader: 'delta-rs', path: lake.path, version: 0 }), first)
      }))

test('after a long life with checkpoints all see the same, also when the entries before the checkpoint are gone', () =>
  inLake(async (lake) => {
    await lake.write(rowsOf(EVERYTHING, 0), { mode: 'append', partitionBy: ['kind'] })
    for (let i = 1; i <= 23; i++) {
      const mode = MODES[i % MODES.length]
      if (mode !== undefined)
        await lake.write(
          mode.query,
          'partitionBy' in mode.write && mode.write.mode !== 'append'
            ? { ...mode.write, partitionBy: ['kind'] }
            : mode.write,
        )
    }
    const before = await lake.agree(peers)
    const log = join(lake.path, '_delta_log')
    // readers look for the entry of the checkpoint's own version, so that stays, as it does after a real clean-up
    for (const name of (await readdir(log)).filter((one) => one.endsWith('.json') && one < '00000000000000000020'))
      await rm(join(log, name))
    assert.deepEqual(await lake.agree(peers), before)
    await peers.write('delete_rows', lake.path, { predicate: 'id = 1' })
    const after = await lake.agree(peers)
    assert.ok(after.rows.length < before.rows.length)
  }))

test('schema changes are seen alike', () =>
  inLake(async (lake) => {
    await lake.write('SELECT 1::BIGINT AS id, 1 AS a', append)
    await lake.write(`SELECT 2::BIGINT AS id, {'x': 1.5, 'y': [TIMESTAMP '2020-01-01']} AS added`, append, {
      target: { schema: 'evolve' },
    })
    const evolved = await lake.agree(peers)
    assert.deepEqual(evolved.columns, ['id', 'a', 'added'])
    await lake.write(`SELECT 'x' AS id, DATE '2020-01-01' AS d`, replace, { target: { schema: 'overwrite' } })
    assert.deepEqual((await lake.agree(peers)).columns, ['id', 'd'])
    assert.deepEqual(await peers.read({ reader: 'delta-rs', path: lake.path, version: 1 }), evolved)
  }))

test('a replace by nothing leaves a table that all see as empty', () =>
  inLake(async (lake) => {
    await lake.write(rowsOf(EVERYTHING, 1), append)
    await lake.write(`${rowsOf(EVERYTHING, 1)} WHERE false`, replace)
    const { columns, rows } = await lake.agree(peers, ['delta-rs', 'delta-rs-arrow'])
    assert.deepEqual([columns.length, rows.length], [4, 0])
    assert.deepEqual((await peers.read({ reader: 'duckdb', path: lake.path })).rows, [])
  }))

/** For each, the value that no row before or after has, and rows that only just differ from it. */
const NEIGHBOURS: [type: string, ...texts: string[]][] = [
  ['BIGINT', '9007199254740992', '9007199254740993', '9007199254740994'],
  [
    'TIMESTAMP WITH TIME ZONE',
    '2020-01-01 00:00:00.000999+00',
    '2020-01-01 00:00:00.001+00',
    '2020-01-01 00:00:00.001001+00',
  ],
  ['TIMESTAMP', '1969-12-31 23:59:59.998999', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.999001'],
  ['DATE', '0001-01-01', '1969-12-31', '9999-12-31'],
  [
    'DECIMAL(38,10)',
    '9999999999999999999999999999.9999999998',
    '9999999999999999999999999999.9999999999',
    '-9999999999999999999999999999.9999999999',
  ],
  ['FLOAT', '0.1', '0.3', '16777216'],
  ['DOUBLE', '0.1', '0.30000000000000004', '1e300'],
  ['VARCHAR', `${'z'.repeat(40)}a`, 'z'.repeat(32), `${'é'.repeat(31)}😀é`],
]
for (const [type, ...texts] of NEIGHBOURS)
  test(`by our statistics of ${type} nobody leaves out a file that has the row`, () =>
    inLake(async (lake) => {
      // one file for each value, so that a wrong bound loses its row
      for (const [id, text] of texts.entries())
        await lake.write(`SELECT ${id} AS id, CAST('${text}' AS ${type}) AS v`, append)
      for (const [id, text] of texts.entries())
        for (const comparison of ['=', '<=', '>=']) {
          const predicate = `v ${comparison} CAST('${text}' AS ${type})`
          const ours = await lake.contents(where(predicate))
          assert.ok(
            ours.rows.some(([found]) => found === String(id)),
            `ours: ${predicate}`,
          )
          const arrow =
            type === 'TIMESTAMP WITH TIME ZONE'
              ? `v ${comparison} arrow_cast('${text}', 'Timestamp(Microsecond, Some("UTC"))')`
              : predicate
          const theirs = [
            await peers.read({ reader: 'duckdb', path: lake.path, where: predicate }),
            await peers.read({ reader: 'delta-rs', path: lake.path, where: type === 'FLOAT' ? predicate : arrow }),
          ]
          for (const seen of theirs) assert.deepEqual(seen, ours, predicate)
        }
    }))

test('delta-rs goes on with a table of ours: it appends, merges, compacts and makes checkpoints, then we do', () =>
  inLake(async (lake) => {
    const rows = `SELECT i::BIGINT AS id, 'k' || (i % 3) AS kind, i / 4 AS value FROM range(9) t(i)`
    await lake.write(rows, { mode: 'append', partitionBy: ['kind'] })
    for (const [scenario, options] of [
      ['append_rows', { count: 4, first: 100 }],
      ['merge_rows', { count: 6, first: 5 }],
      ['delete_rows', { predicate: 'id > 101' }],
      ['optimize', {}],
      ['make_checkpoint', {}],
    ] as const) {
      await peers.write(scenario, lake.path, options)
      await lake.agree(peers)
    }
    await lake.write(rows, upsert(['id'], { partitionBy: ['kind'] }))
    await lake.write(rows, replacePartitions('kind'))
    await lake.agree(peers)
  }))

test('delta-rs knows who wrote what, and how far a step has come', () =>
  inLake(async (lake) => {
    await lake.write(rowsOf(EVERYTHING, 1), append, { step: 'load' })
    const facts = await peers.facts(lake.path, 'loom/run-1/main/load')
    assert.deepEqual([facts['version'], facts['transaction'], facts['reader'], facts['writer']], [0, 1, 1, 2])
    const [entry] = facts['history'] as Record<string, Record<string, unknown>>[]
    assert.deepEqual(entry?.['loom'], {
      runId: 'run-1',
      process: 'main',
      step: 'load',
      attempt: 1,
      planHash: 'sha256:0',
    })
  }))

test('a table made with properties has them for everybody', () =>
  inLake(async (lake) => {
    await lake.write('SELECT 1 AS a', append, {
      location: { properties: { 'delta.appendOnly': 'true', 'team.owner': 'x' } },
    })
    const { configuration } = await peers.facts(lake.path)
    assert.deepEqual(configuration, {
      'delta.setTransactionRetentionDuration': 'interval 7 days',
      'delta.appendOnly': 'true',
      'team.owner': 'x',
    })
    await assert.rejects(peers.write('delete_rows', lake.path, { predicate: 'a = 1' }), /append/i)
    for (const reader of READERS) assert.equal((await peers.read({ reader, path: lake.path })).rows.length, 1)
  }))
