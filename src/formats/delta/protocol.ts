// Which tables can be read and written here. A feature that is listed but not in use does no harm; one that is in use and
// not understood is refused by its name, so that no reader gets wrong rows and no writer breaks a table's promise.
import { Fault } from '../../base/index.ts'
import type { Metadata, Protocol } from './actions.ts'
import type { DeltaSchema, DeltaType } from './schema.ts'
import type { Snapshot } from './table.ts'

type Table = Pick<Snapshot, 'protocol' | 'metadata' | 'files'>
type Feature = {
  /** The least version that brings the feature without naming it. */
  reader?: number
  writer?: number
  /** Whether the table makes use of it; never called for one that is always in use. */
  inUse: (table: Table) => boolean
}

const always = () => true
const never = () => false
const property = (name: string) => (table: Table) =>
  (table.metadata.configuration[name] ?? 'false').toLowerCase() !== 'false'
const fieldMetadata =
  (...names: string[]) =>
  (table: Table) =>
    someField(table.metadata.schema, (metadata) => names.some((name) => name in metadata))

/** Features that readers must understand. Those of other names are always in use. */
const READER_FEATURES: Record<string, Feature> = {
  columnMapping: {
    reader: 2,
    inUse: (table) => (table.metadata.configuration['delta.columnMapping.mode'] ?? 'none') !== 'none',
  },
  deletionVectors: { inUse: (table) => table.files.some((file) => file.deletionVector !== undefined) },
  timestampNtz: { inUse: never },
  typeWidening: { inUse: fieldMetadata('delta.typeChanges') },
  'typeWidening-preview': { inUse: fieldMetadata('delta.typeChanges') },
  variantType: { inUse: (table) => someType(table.metadata.schema, (type) => type === 'variant') },
  'variantType-preview': { inUse: (table) => someType(table.metadata.schema, (type) => type === 'variant') },
  // a checkpoint of that form is refused where it is met: snapshot.ts
  v2Checkpoint: { inUse: never },
  vacuumProtocolCheck: { inUse: never },
}

/** Features that writers must understand, beside those of readers. */
const WRITER_FEATURES: Record<string, Feature> = {
  ...READER_FEATURES,
  columnMapping: { writer: 5, inUse: READER_FEATURES['columnMapping']?.inUse ?? always },
  v2Checkpoint: { inUse: always },
  // checked at each commit: assertAppendOnlyKept
  appendOnly: { writer: 2, inUse: never },
  invariants: { writer: 2, inUse: fieldMetadata('delta.invariants') },
  checkConstraints: {
    writer: 3,
    inUse: (table) => Object.keys(table.metadata.configuration).some((name) => name.startsWith('delta.constraints.')),
  },
  changeDataFeed: { writer: 4, inUse: property('delta.enableChangeDataFeed') },
  generatedColumns: { writer: 4, inUse: fieldMetadata('delta.generationExpression') },
  identityColumns: { writer: 6, inUse: fieldMetadata('delta.identity.start', 'delta.identity.step') },
  allowColumnDefaults: { inUse: fieldMetadata('CURRENT_DEFAULT', 'EXISTS_DEFAULT') },
  inCommitTimestamp: { inUse: property('delta.enableInCommitTimestamps') },
  rowTracking: { inUse: property('delta.enableRowTracking') },
}

const MAX_READER = 3
const MAX_WRITER = 7

/** @throws Fault invalid UnsupportedTableFeature (all that are in the way, by name) */
export function assertReadable(root: string, table: Table): void {
  const { minReaderVersion, readerFeatures = [] } = table.protocol
  const inTheWay = blocking(
    READER_FEATURES,
    table,
    minReaderVersion >= 3 ? readerFeatures : implied(READER_FEATURES, 'reader', minReaderVersion),
  )
  if (minReaderVersion > MAX_READER) inTheWay.push(`reader version ${minReaderVersion}`)
  if (inTheWay.length > 0) throw unsupported('read', root, inTheWay)
}

/**
 * Reading must be possible too. Call it before data files are written: `commit` refuses as well, but later.
 * @throws Fault invalid UnsupportedTableFeature (all that are in the way, by name)
 */
export function assertWritable(root: string, table: Table): void {
  const { minWriterVersion, writerFeatures = [] } = table.protocol
  const inTheWay = blocking(
    WRITER_FEATURES,
    table,
    minWriterVersion >= 7 ? writerFeatures : implied(WRITER_FEATURES, 'writer', minWriterVersion),
  )
  if (minWriterVersion > MAX_WRITER) inTheWay.push(`writer version ${minWriterVersion}`)
  if (inTheWay.length > 0) throw unsupported('write', root, inTheWay)
}

/** @throws Fault invalid TableAppendOnly when rows would leave a table that only grows */
export function assertAppendOnlyKept(root: string, metadata: Metadata, removes: boolean): void {
  if (!removes || metadata.configuration['delta.appendOnly']?.toLowerCase() !== 'true') return
  throw new Fault({
    kind: 'invalid',
    code: 'TableAppendOnly',
    message: `cannot change rows of table "${root}": its property delta.appendOnly is true; append to it, or unset the property`,
  })
}

/**
 * The protocol that a table with this metadata needs: the least one for a new table, or the given one with what it lacks.
 * @returns `current` itself when it is enough
 */
export function requiredProtocol(metadata: Metadata, current?: Protocol): Protocol {
  const needsNtz = someType(metadata.schema, (type) => type === 'timestamp_ntz')
  const base = current ?? { minReaderVersion: 1, minWriterVersion: 2 }
  if (!needsNtz) return base
  const readers =
    base.minReaderVersion >= 3 ? (base.readerFeatures ?? []) : implied(READER_FEATURES, 'reader', base.minReaderVersion)
  const writers =
    base.minWriterVersion >= 7 ? (base.writerFeatures ?? []) : implied(WRITER_FEATURES, 'writer', base.minWriterVersion)
  if (readers.includes('timestampNtz') && writers.includes('timestampNtz')) return base
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: [...new Set([...readers, 'timestampNtz'])],
    writerFeatures: [...new Set([...writers, 'timestampNtz'])],
  }
}

function blocking(known: Record<string, Feature>, table: Table, listed: string[]): string[] {
  return listed.filter((name) => (known[name]?.inUse ?? always)(table))
}

function implied(known: Record<string, Feature>, side: 'reader' | 'writer', version: number): string[] {
  return Object.entries(known).flatMap(([name, feature]) => {
    const from = feature[side]
    return from !== undefined && from <= version ? [name] : []
  })
}

function unsupported(what: 'read' | 'write', root: string, features: string[]): Fault {
  const names = [...new Set(features)].sort().join(', ')
  return new Fault({
    kind: 'invalid',
    code: 'UnsupportedTableFeature',
    message: `cannot ${what} table "${root}": it uses what is not supported here: ${names}; drop the feature from the table with the tool that wrote it, or copy the rows into a new table`,
  })
}

function someField(type: DeltaType, test: (metadata: Record<string, unknown>) => boolean): boolean {
  if (typeof type === 'string') return false
  switch (type.type) {
    case 'array':
      return someField(type.elementType, test)
    case 'map':
      return someField(type.keyType, test) || someField(type.valueType, test)
    case 'struct':
      return type.fields.some((field) => test(field.metadata) || someField(field.type, test))
    default:
      return type satisfies never
  }
}

function someType(type: DeltaType | DeltaSchema, test: (name: string) => boolean): boolean {
  if (typeof type === 'string') return test(type)
  switch (type.type) {
    case 'array':
      return someType(type.elementType, test)
    case 'map':
      return someType(type.keyType, test) || someType(type.valueType, test)
    case 'struct':
      return type.fields.some((field) => someType(field.type, test))
    default:
      return type satisfies never
  }
}
