// The first metadata and protocol of a table.
import { didYouMean, Fault } from '../../base/index.ts'
import type { Metadata, Protocol } from './actions.ts'
import { parseInterval } from './interval.ts'
import { assertPartitionColumns } from './partition-value.ts'
import { requiredProtocol } from './protocol.ts'
import type { DeltaSchema } from './schema.ts'

/** How long a `txn` is remembered at least: longer than any run may take, with its retries. */
const TRANSACTION_RETENTION = 'interval 7 days'

type PropertyCheck = { is: (value: string) => boolean; noun: string }
const flag: PropertyCheck = { is: (value) => /^(true|false)$/i.test(value), noun: 'true or false' }
const off: PropertyCheck = {
  is: (value) => /^false$/i.test(value),
  noun: 'false, for the feature is not supported here',
}
const count: PropertyCheck = { is: (value) => /^[1-9][0-9]{0,8}$/.test(value), noun: 'a number of 1 or more' }
const interval: PropertyCheck = {
  is: (value) => parseInterval(value) !== undefined,
  noun: 'an interval, like "interval 7 days"',
}
const any: PropertyCheck = { is: () => true, noun: '' }

/** Properties of Delta's own that we keep, heed, or that change nothing for us. Those of other prefixes are free. */
const PROPERTIES: Record<string, PropertyCheck> = {
  'delta.appendOnly': flag,
  'delta.checkpointInterval': count,
  'delta.dataSkippingNumIndexedCols': {
    is: (value) => /^(-1|[0-9]{1,9})$/.test(value),
    noun: 'a number, or -1 for all',
  },
  'delta.deletedFileRetentionDuration': interval,
  'delta.logRetentionDuration': interval,
  'delta.setTransactionRetentionDuration': interval,
  'delta.targetFileSize': any,
  'delta.tuneFileSizesForRewrites': flag,
  'delta.autoOptimize.autoCompact': any,
  'delta.autoOptimize.optimizeWrite': flag,
  'delta.isolationLevel': {
    is: (value) => /^(Serializable|WriteSerializable)$/i.test(value),
    noun: 'Serializable or WriteSerializable',
  },
  'delta.enableChangeDataFeed': off,
  'delta.enableDeletionVectors': off,
  'delta.enableInCommitTimestamps': off,
  'delta.enableRowTracking': off,
  'delta.enableTypeWidening': off,
  'delta.columnMapping.mode': {
    is: (value) => value === 'none',
    noun: 'none, for column mapping is not supported here',
  },
  'delta.checkpointPolicy': { is: (value) => value === 'classic', noun: 'classic' },
}

/**
 * @throws Fault invalid PartitionColumnNotSupported, TablePropertyNotSupported
 */
export function newTable(table: {
  id: string
  schema: DeltaSchema
  partitionColumns: string[]
  properties: Record<string, string>
  /** Milliseconds since the epoch. */
  now: number
  name?: string
}): { metadata: Metadata; protocol: Protocol } {
  assertPartitionColumns(table.schema, table.partitionColumns)
  assertProperties(table.properties)
  const metadata: Metadata = {
    id: table.id,
    ...(table.name === undefined ? {} : { name: table.name }),
    schema: table.schema,
    partitionColumns: table.partitionColumns,
    configuration: { 'delta.setTransactionRetentionDuration': TRANSACTION_RETENTION, ...table.properties },
    createdTime: table.now,
  }
  return { metadata, protocol: requiredProtocol(metadata) }
}

function assertProperties(properties: Record<string, string>): void {
  for (const [name, value] of Object.entries(properties)) {
    if (!name.startsWith('delta.')) continue
    const known = PROPERTIES[name]
    if (known === undefined)
      throw badProperty(name, `no such property is supported here${didYouMean(name, Object.keys(PROPERTIES))}`)
    if (!known.is(value)) throw badProperty(name, `"${value}" is not ${known.noun}`)
  }
}

function badProperty(name: string, why: string): Fault {
  const wayOut = why.includes('did you mean') ? '' : '; change it or leave it out'
  return new Fault({
    kind: 'invalid',
    code: 'TablePropertyNotSupported',
    message: `cannot set table property "${name}": ${why}${wayOut}`,
  })
}
