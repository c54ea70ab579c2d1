// The engine's column types ↔ Delta's. What Delta has no type for becomes the narrowest that holds every value, or is
// refused by name:
//   unsigned integers → the next wider signed one (UBIGINT → decimal(20,0)) · HUGEINT, UHUGEINT → decimal(38,0): a sum of
//   integers is a HUGEINT, and what needs 39 digits fails when it is cast · UUID, ENUM, JSON → string · fixed arrays → array ·
//   TIMESTAMP_S, _MS, _NS → timestamp_ntz (microseconds) · TIME, INTERVAL, BIT, UNION, BIGNUM, VARIANT, untyped NULL: refused.
import { Fault } from '../../base/index.ts'
import { type ColumnType, identifier } from '../../step/index.ts'
import type { DeltaSchema, DeltaType } from './schema.ts'
import { parseSqlType, type SqlType, showSqlType } from './sql-type.ts'

const TO_DELTA: Record<string, string> = {
  BOOLEAN: 'boolean',
  TINYINT: 'byte',
  SMALLINT: 'short',
  INTEGER: 'integer',
  BIGINT: 'long',
  UTINYINT: 'short',
  USMALLINT: 'integer',
  UINTEGER: 'long',
  UBIGINT: 'decimal(20,0)',
  HUGEINT: 'decimal(38,0)',
  UHUGEINT: 'decimal(38,0)',
  FLOAT: 'float',
  DOUBLE: 'double',
  VARCHAR: 'string',
  UUID: 'string',
  JSON: 'string',
  BLOB: 'binary',
  DATE: 'date',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
  TIMESTAMP: 'timestamp_ntz',
  TIMESTAMP_S: 'timestamp_ntz',
  TIMESTAMP_MS: 'timestamp_ntz',
  TIMESTAMP_NS: 'timestamp_ntz',
}

const TO_ENGINE: Record<string, string> = {
  boolean: 'BOOLEAN',
  byte: 'TINYINT',
  short: 'SMALLINT',
  integer: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  timestamp_ntz: 'TIMESTAMP',
}

const DECIMAL = /^decimal\(\s*(\d+)\s*,\s*(-?\d+)\s*\)$/

/**
 * The schema of a table with these columns, all of them nullable. The table holds its columns as `toColumns` of it says:
 * cast them before they are written.
 * @throws Fault invalid ColumnTypeNotSupported (which column, what to do), DuplicateColumn (names differ in case only)
 */
export function toDeltaSchema(columns: ColumnType[]): DeltaSchema {
  const fields = columns.map(({ name, type }) => ({
    name,
    type: toDelta(parseSqlType(type), identifier(name)),
    nullable: true,
    metadata: {},
  }))
  assertDistinct(columns.map((column) => column.name))
  return { type: 'struct', fields }
}

/**
 * The columns of a table as the engine names their types.
 * @throws Fault invalid UnsupportedColumnType for a type that the engine can't hold
 */
export function toColumns(schema: DeltaSchema): ColumnType[] {
  return schema.fields.map(({ name, type }) => ({ name, type: showSqlType(toEngine(type, identifier(name))) }))
}

/** The engine's type of one Delta type. @throws as toColumns */
export function toSqlType(type: DeltaType): string {
  return showSqlType(toEngine(type, 'the value'))
}

function toDelta(type: SqlType, path: string): DeltaType {
  switch (type.kind) {
    case 'plain': {
      const name = TO_DELTA[type.name]
      if (name === undefined) throw refused(path, type, 'cast it, for example to VARCHAR')
      return name
    }
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'enum':
      return 'string'
    case 'list':
    case 'array':
      return { type: 'array', elementType: toDelta(type.item, `${path}[]`), containsNull: true }
    case 'map':
      return {
        type: 'map',
        keyType: toDelta(type.key, `${path}.key`),
        valueType: toDelta(type.value, `${path}.value`),
        valueContainsNull: true,
      }
    case 'struct':
      assertDistinct(type.fields.map((field) => field.name))
      return {
        type: 'struct',
        fields: type.fields.map((field) => ({
          name: field.name,
          type: toDelta(field.type, `${path}.${identifier(field.name)}`),
          nullable: true,
          metadata: {},
        })),
      }
    case 'union':
      throw refused(path, type, 'take one member out of it, for example with union_extract')
    default:
      return type satisfies never
  }
}

function toEngine(type: DeltaType, path: string): SqlType {
  if (typeof type === 'string') {
    const name = TO_ENGINE[type]
    if (name !== undefined) return { kind: 'plain', name }
    const [, precision, scale] = DECIMAL.exec(type) ?? (type === 'decimal' ? [type, '10', '0'] : [])
    if (precision !== undefined && scale !== undefined && Number(precision) <= 38 && Number(scale) >= 0)
      return { kind: 'decimal', precision: Number(precision), scale: Number(scale) }
    throw new Fault({
      kind: 'invalid',
      code: 'UnsupportedColumnType',
      message: `cannot read column ${path}: its type "${type}" is not supported; rewrite the table without that column`,
    })
  }
  switch (type.type) {
    case 'array':
      return { kind: 'list', item: toEngine(type.elementType, `${path}[]`) }
    case 'map':
      return {
        kind: 'map',
        key: toEngine(type.keyType, `${path}.key`),
        value: toEngine(type.valueType, `${path}.value`),
      }
    case 'struct':
      return {
        kind: 'struct',
        fields: type.fields.map((field) => ({
          name: field.name,
          type: toEngine(field.type, `${path}.${identifier(field.name)}`),
        })),
      }
    default:
      return type satisfies never
  }
}

function refused(path: string, type: SqlType, wayOut: string): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'ColumnTypeNotSupported',
    message: `cannot write column ${path}: a Delta table has no type for ${showSqlType(type)}; ${wayOut}`,
  })
}

function assertDistinct(names: string[]): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const other = seen.get(name.toLowerCase())
    if (other !== undefined)
      throw new Fault({
        kind: 'invalid',
        code: 'DuplicateColumn',
        message: `cannot write columns ${identifier(other)} and ${identifier(name)}: their names differ in case only, or not at all; rename one`,
      })
    seen.set(name.toLowerCase(), name)
  }
}
