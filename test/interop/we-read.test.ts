// We read whatever delta-rs and DuckDB write, or refuse it by name.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import { append, where } from '../targets/table/table-fixture.ts'
import { aLake, type Lake } from './lake.ts'
import { Peers, type Reader } from './peers.ts'

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

const SCENARIOS: { scenario: string; rows: number; readers?: Reader[]; writable?: false }[] = [
  { scenario: 'create', rows: 3 },
  { scenario: 'append', rows: 7 },
  { scenario: 'overwrite', rows: 2 },
  { scenario: 'types', rows: 4, writable: false },
  { scenario: 'timestamp_ntz', rows: 3, writable: false },
  { scenario: 'partitioned', rows: 13, writable: false },
  { scenario: 'partitioned_by_types', rows: 3, writable: false },
  { scenario: 'replace_where', rows: 7 },
  { scenario: 'merge', rows: 9 },
  { scenario: 'delete', rows: 4 },
  { scenario: 'update', rows: 9 },
  { scenario: 'evolve', rows: 5 },
  { scenario: 'overwrite_schema', rows: 1, writable: false },
  { scenario: 'checkpoint', rows: 10 },
  { scenario: 'compact', rows: 12 },
  { scenario: 'compacted_log', rows: 12 },
  { scenario: 'restore', rows: 3 },
  { scenario: 'append_only', rows: 3 },
  { scenario: 'not_null', rows: 2, writable: false },
  { scenario: 'v2_checkpoint', rows: 4 },
]
const ROWS = `SELECT 7000::BIGINT AS id, 'ours' AS kind, 0.5::DOUBLE AS value UNION ALL SELECT 7001, NULL, NULL`

for (const { scenario, rows, readers, writable } of SCENARIOS)
  test(`we read what delta-rs wrote: ${scenario}`, () =>
    inLake(async (lake) => {
      await peers.write(scenario, lake.path)
      const before = await lake.agree(peers, readers)
      assert.equal(before.rows.length, rows)
      if (writable === false) return
      await lake.write(ROWS, append)
      const after = await lake.agree(peers, readers)
      assert.equal(after.rows.length, rows + 2)
    }))

test('an empty text as partition value is null, as the protocol says and whatever delta-rs makes of it', () =>
  inLake(async (lake) => {
    await peers.write('partitioned_by_empty_text', lake.path)
    assert.deepEqual((await lake.contents()).rows, [
      ['1', null],
      ['2', null],
      ['3', 'x'],
    ])
  }))

test('we travel in time through what delta-rs wrote', () =>
  inLake(async (lake) => {
    await peers.write('overwrite', lake.path)
    for (const version of [0, 1, 2])
      assert.deepEqual(
        await lake.contents({ at: { version } }),
        await peers.read({ reader: 'delta-rs', path: lake.path, version }),
      )
  }))

test('we find the same rows by the statistics of delta-rs', () =>
  inLake(async (lake) => {
    await peers.write('types', lake.path)
    for (const predicate of [
      'long = -9223372036854775808',
      'long = 9223372036854775807',
      'float = 0.1::FLOAT',
      'double = -0.0',
      'isnan(float)',
      `day = DATE '9999-12-31'`,
      `instant = TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'`,
      `text = ''`,
      'small = 1.50',
      'flag',
      'byte IS NULL',
    ]) {
      const all = await lake.contents()
      const found = await lake.contents(where(predicate))
      assert.ok(found.rows.length > 0 && found.rows.length < all.rows.length, predicate)
    }
  }))

for (const [scenario, feature] of [
  ['constraint', 'checkConstraints'],
  ['change_data_feed', 'changeDataFeed'],
] as const)
  test(`we read a table with ${feature}, and refuse by name to write to it`, () =>
    inLake(async (lake) => {
      await peers.write(scenario, lake.path)
      await lake.agree(peers)
      await assert.rejects(
        lake.write(ROWS, append),
        (thrown) =>
          thrown instanceof Fault && thrown.code === 'UnsupportedTableFeature' && thrown.message.includes(feature),
      )
      await lake.agree(peers)
    }))

for (const [feature, refused] of [
  ['AppendOnly', null],
  ['ChangeDataFeed', null],
  ['CheckConstraints', null],
  ['ColumnMapping', null],
  ['DeletionVectors', null],
  ['DomainMetadata', 'domainMetadata'],
  ['GeneratedColumns', null],
  ['IcebergCompatV1', 'icebergCompatV1'],
  ['IdentityColumns', null],
  ['Invariants', null],
  ['RowTracking', null],
  ['TimestampWithoutTimezone', null],
  ['V2Checkpoint', 'v2Checkpoint'],
  ['VariantType', null],
] as const)
  test(`a table that lists ${feature} without use of it is read, and ${refused === null ? 'written to' : 'refused by name for writing'}`, () =>
    inLake(async (lake) => {
      await peers.write('feature', lake.path, { feature })
      assert.equal((await lake.contents()).rows.length, 3)
      if (refused === null) {
        await lake.write(ROWS, append)
        assert.equal((await lake.contents()).rows.length, 5)
        assert.deepEqual(await peers.read({ reader: 'delta-rs', path: lake.path }), await lake.contents())
      } else
        await assert.rejects(
          lake.write(ROWS, append),
          (thrown) =>
            thrown instanceof Fault && thrown.code === 'UnsupportedTableFeature' && thrown.message.includes(refused),
        )
    }))

test('a table of mapped columns is refused by name', () =>
  inLake(async (lake) => {
    await peers.write('property_then_delete', lake.path, { name: 'delta.columnMapping.mode', value: 'name' })
    await assert.rejects(
      lake.contents(),
      (thrown) =>
        thrown instanceof Fault &&
        thrown.code === 'UnsupportedTableFeature' &&
        /here: columnMapping;/.test(thrown.message),
    )
  }))

test('a table that may have deletion vectors is read as long as it has none', () =>
  inLake(async (lake) => {
    await peers.write('property_then_delete', lake.path, { name: 'delta.enableDeletionVectors', value: 'true' })
    const { rows } = await lake.agree(peers, ['delta-rs', 'duckdb'])
    assert.equal(rows.length, 5)
  }))

test('we read what DuckDB inserts into our tables and into those of delta-rs', () =>
  inLake(async (lake) => {
    await lake.write(ROWS, append)
    await peers.insert(lake.path, `SELECT 8000::BIGINT AS id, 'theirs' AS kind, 1.5::DOUBLE AS value`)
    assert.equal((await lake.agree(peers)).rows.length, 3)
    assert.equal((await lake.snapshot())?.version, 1)
  }))
