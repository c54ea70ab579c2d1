import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import {
  assertReadable,
  assertWritable,
  type Metadata,
  newTable,
  type Protocol,
  requiredProtocol,
  type Snapshot,
  toDeltaSchema,
} from '../../../src/formats/index.ts'
import { aFile } from '../support/table.ts'

const { metadata: plain } = newTable({
  id: 'x',
  schema: toDeltaSchema([{ name: 'a', type: 'INTEGER' }]),
  partitionColumns: [],
  properties: {},
  now: 0,
})

function aTable(
  protocol: Protocol,
  more: {
    configuration?: Record<string, string>
    fieldMetadata?: Metadata['schema']['fields'][0]['metadata']
    files?: Snapshot['files']
    type?: string
  } = {},
) {
  const fields = plain.schema.fields.map((field) => ({
    ...field,
    type: more.type ?? field.type,
    metadata: more.fieldMetadata ?? {},
  }))
  return {
    protocol,
    metadata: { ...plain, configuration: more.configuration ?? {}, schema: { ...plain.schema, fields } },
    files: more.files ?? [],
  }
}
const features = (readerFeatures: string[], writerFeatures = readerFeatures): Protocol => ({
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures,
  writerFeatures,
})
const refusal = (act: () => void): string => {
  try {
    act()
    return 'allowed'
  } catch (thrown) {
    assert.ok(thrown instanceof Fault && thrown.code === 'UnsupportedTableFeature')
    return /supported here: ([^;]*);/.exec(thrown.message)?.[1] ?? thrown.message
  }
}

const withVector = [aFile('a', { deletionVector: { storageType: 'u' } })]
const cases: [name: string, table: ReturnType<typeof aTable>, read: string, write: string][] = [
  ['reader 1, writer 2', aTable({ minReaderVersion: 1, minWriterVersion: 2 }), 'allowed', 'allowed'],
  ['legacy versions with nothing in use', aTable({ minReaderVersion: 2, minWriterVersion: 6 }), 'allowed', 'allowed'],
  [
    'all features that are not in use',
    aTable(
      features(
        ['columnMapping', 'deletionVectors', 'timestampNtz', 'vacuumProtocolCheck'],
        [
          'appendOnly',
          'invariants',
          'checkConstraints',
          'changeDataFeed',
          'generatedColumns',
          'identityColumns',
          'columnMapping',
          'deletionVectors',
          'timestampNtz',
          'inCommitTimestamp',
          'rowTracking',
          'allowColumnDefaults',
        ],
      ),
    ),
    'allowed',
    'allowed',
  ],
  [
    'column mapping, legacy',
    aTable({ minReaderVersion: 2, minWriterVersion: 5 }, { configuration: { 'delta.columnMapping.mode': 'name' } }),
    'columnMapping',
    'columnMapping',
  ],
  [
    'column mapping, listed',
    aTable(features(['columnMapping']), { configuration: { 'delta.columnMapping.mode': 'id' } }),
    'columnMapping',
    'columnMapping',
  ],
  [
    'deletion vectors',
    aTable(features(['deletionVectors']), { files: withVector }),
    'deletionVectors',
    'deletionVectors',
  ],
  [
    'several',
    aTable(features(['variantType', 'typeWidening', 'timestampNtz']), {
      fieldMetadata: { 'delta.typeChanges': [] },
      type: 'variant',
    }),
    'typeWidening, variantType',
    'typeWidening, variantType',
  ],
  ['features that only some tables use', aTable(features(['variantType', 'typeWidening'])), 'allowed', 'allowed'],
  ['V2 checkpoints', aTable(features(['v2Checkpoint'])), 'allowed', 'v2Checkpoint'],
  ['a feature of tomorrow', aTable(features(['someday'])), 'someday', 'someday'],
  [
    'a later reader version',
    aTable({ minReaderVersion: 4, minWriterVersion: 8 }),
    'reader version 4',
    'writer version 8',
  ],
  [
    'writer features only',
    aTable(features([], ['domainMetadata', 'clustering'])),
    'allowed',
    'clustering, domainMetadata',
  ],
  [
    'a constraint',
    aTable({ minReaderVersion: 1, minWriterVersion: 3 }, { configuration: { 'delta.constraints.positive': 'a > 0' } }),
    'allowed',
    'checkConstraints',
  ],
  [
    'a change data feed',
    aTable({ minReaderVersion: 1, minWriterVersion: 4 }, { configuration: { 'delta.enableChangeDataFeed': 'true' } }),
    'allowed',
    'changeDataFeed',
  ],
  [
    'an invariant',
    aTable({ minReaderVersion: 1, minWriterVersion: 2 }, { fieldMetadata: { 'delta.invariants': '{}' } }),
    'allowed',
    'invariants',
  ],
  [
    'a generated column',
    aTable({ minReaderVersion: 1, minWriterVersion: 4 }, { fieldMetadata: { 'delta.generationExpression': '1' } }),
    'allowed',
    'generatedColumns',
  ],
  [
    'an identity column',
    aTable({ minReaderVersion: 1, minWriterVersion: 6 }, { fieldMetadata: { 'delta.identity.start': 1 } }),
    'allowed',
    'identityColumns',
  ],
  [
    'row tracking',
    aTable(features([], ['rowTracking']), { configuration: { 'delta.enableRowTracking': 'true' } }),
    'allowed',
    'rowTracking',
  ],
  [
    'in-commit timestamps',
    aTable(features([], ['inCommitTimestamp']), { configuration: { 'delta.enableInCommitTimestamps': 'true' } }),
    'allowed',
    'inCommitTimestamp',
  ],
]
for (const [name, table, read, write] of cases)
  test(`${name}: reading is ${read === 'allowed' ? read : 'refused by name'}, writing is ${write === 'allowed' ? write : 'refused by name'}`, () => {
    assert.equal(
      refusal(() => assertReadable('/t', table)),
      read,
    )
    assert.equal(
      refusal(() => assertWritable('/t', table)),
      write,
    )
  })

test('a timestamp without zone, however deep, needs its feature, and keeps what a table had', () => {
  const metadata = { ...plain, schema: toDeltaSchema([{ name: 'a', type: 'MAP(VARCHAR, STRUCT(t TIMESTAMP)[])' }]) }
  assert.deepEqual(requiredProtocol(plain), { minReaderVersion: 1, minWriterVersion: 2 })
  assert.deepEqual(requiredProtocol(metadata, { minReaderVersion: 1, minWriterVersion: 4 }), {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ['timestampNtz'],
    writerFeatures: [
      'appendOnly',
      'invariants',
      'checkConstraints',
      'changeDataFeed',
      'generatedColumns',
      'timestampNtz',
    ],
  })
  const enough = features(['timestampNtz', 'deletionVectors'])
  assert.equal(requiredProtocol(metadata, enough), enough)
})

test('properties of features that we do not have, and mistyped ones, are refused when a table is made', () => {
  const made = (properties: Record<string, string>) =>
    newTable({ id: 'x', schema: plain.schema, partitionColumns: [], properties, now: 0 })
  for (const [properties, expected] of [
    [{ 'delta.enableDeletionVectors': 'true' }, /"true" is not false, for the feature is not supported here/],
    [{ 'delta.appendonly': 'true' }, /did you mean "delta.appendOnly"\?$/],
    [{ 'delta.logRetentionDuration': '3 moons' }, /not an interval/],
    [{ 'delta.checkpointInterval': '0' }, /not a number of 1 or more/],
  ] as const)
    assert.throws(
      () => made(properties),
      (thrown) =>
        thrown instanceof Fault && thrown.code === 'TablePropertyNotSupported' && expected.test(thrown.message),
    )
  assert.equal(made({ 'team.owner': 'x', 'delta.appendOnly': 'true' }).metadata.configuration['team.owner'], 'x')
})
