// Partition values as the log holds them (text or null), and paths in the log.
//
// Text forms: numbers and booleans plainly, dates `2020-01-31`, timestamps `2020-01-31 13:00:00.123456` (in UTC where they
// have a zone); the empty text is null, for Delta knows no difference.
import { Fault } from '../../base/index.ts'
import { identifier, textLiteral } from '../../step/index.ts'
import { toSqlType } from './column-types.ts'
import type { DeltaSchema, DeltaType } from './schema.ts'

/**
 * SQL that gives Delta's text of a partition column's value.
 * @param value SQL of the value, of the column's storage type
 */
export function partitionTextSql(value: string, type: DeltaType): string {
  switch (type) {
    case 'string':
      return `NULLIF(${value}, '')`
    case 'timestamp':
      return `strftime(${value} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')`
    case 'timestamp_ntz':
      return `strftime(${value}, '%Y-%m-%d %H:%M:%S.%f')`
    default:
      return `CAST(${value} AS VARCHAR)`
  }
}

/**
 * An SQL literal, of the column's storage type, of a partition value in the log.
 * @throws Fault invalid UnsupportedColumnType; binary values are refused too, for there is no telling how they were written
 */
export function partitionLiteral(text: string | null, type: DeltaType): string {
  if (type === 'binary') throw binaryPartition()
  const sqlType = toSqlType(type)
  if (text === null || text === '') return `CAST(NULL AS ${sqlType})`
  // without a zone in it, the text is in UTC
  const zone = type === 'timestamp' && !/:.*(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text) ? '+00' : ''
  return `CAST(${textLiteral(text + zone)} AS ${sqlType})`
}

/**
 * Delta's text of a value that the engine has shown as text (`CAST(x AS VARCHAR)` in UTC, as in a COPY's partition keys).
 */
export function partitionValueText(shown: string | null, type: DeltaType): string | null {
  if (shown === null || shown === '') return null
  if (type === 'timestamp') return shown.replace(/\+00(?::?00)?$/, '')
  return shown
}

/** @throws Fault invalid PartitionColumnNotSupported (unknown column, nested or binary type, or nothing else left) */
export function assertPartitionColumns(schema: DeltaSchema, columns: string[]): void {
  for (const name of columns) {
    const field = schema.fields.find((candidate) => candidate.name === name)
    if (field === undefined) throw badPartition(name, 'there is no such column', 'name one that there is')
    if (typeof field.type !== 'string' || field.type === 'binary')
      throw badPartition(name, 'nested and binary values can not be partition values', 'choose another column')
  }
  const repeated = columns.find((name, i) => columns.indexOf(name) !== i)
  if (repeated !== undefined) throw badPartition(repeated, 'it is named twice', 'name it once')
  if (columns.length > 0 && columns.length === schema.fields.length)
    throw badPartition(columns.join('", "'), 'no column would be left for the data files', 'leave one out')
}

/** A file's path as the log holds it: a URI reference, every segment percent-encoded. */
export function encodePath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeURIComponent(segment).replace(/%3D/g, '='))
    .join('/')
}

/** The path of the file that `add.path` means; a `file:` URI becomes an absolute path, other schemes stay as they are. */
export function decodePath(encoded: string): string {
  const local = /^file:(?:\/\/[^/]*)?(\/.*)$/.exec(encoded)
  const path = local?.[1] ?? encoded
  try {
    return decodeURIComponent(path)
  } catch {
    // some writers leave a `%` of a name as it is
    return path
  }
}

function badPartition(name: string, why: string, wayOut: string): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'PartitionColumnNotSupported',
    message: `cannot partition by ${identifier(name)}: ${why}; ${wayOut}`,
  })
}

function binaryPartition(): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'UnsupportedColumnType',
    message:
      'cannot read a table that is partitioned by a binary column: that is not supported; copy the rows into a new table',
  })
}
