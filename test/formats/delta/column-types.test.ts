import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import { parseSchemaString } from '../../../src/formats/delta/schema-json.ts'
import { type DeltaType, toColumns, toDeltaSchema } from '../../../src/formats/index.ts'

const deltaOf = (type: string): DeltaType | undefined => toDeltaSchema([{ name: 'c', type }]).fields[0]?.type
const storedAs = (type: string): string | undefined => toColumns(toDeltaSchema([{ name: 'c', type }]))[0]?.type

for (const [type, delta, stored] of [
  ['BOOLEAN', 'boolean', 'BOOLEAN'],
  ['TINYINT', 'byte', 'TINYINT'],
  ['SMALLINT', 'short', 'SMALLINT'],
  ['INTEGER', 'integer', 'INTEGER'],
  ['BIGINT', 'long', 'BIGINT'],
  ['UTINYINT', 'short', 'SMALLINT'],
  ['USMALLINT', 'integer', 'INTEGER'],
  ['UINTEGER', 'long', 'BIGINT'],
  ['UBIGINT', 'decimal(20,0)', 'DECIMAL(20,0)'],
  ['HUGEINT', 'decimal(38,0)', 'DECIMAL(38,0)'],
  ['FLOAT', 'float', 'FLOAT'],
  ['DOUBLE', 'double', 'DOUBLE'],
  ['DECIMAL(10,2)', 'decimal(10,2)', 'DECIMAL(10,2)'],
  ['VARCHAR', 'string', 'VARCHAR'],
  ['UUID', 'string', 'VARCHAR'],
  ['JSON', 'string', 'VARCHAR'],
  ["ENUM('a', 'b')", 'string', 'VARCHAR'],
  ['BLOB', 'binary', 'BLOB'],
  ['DATE', 'date', 'DATE'],
  ['TIMESTAMP WITH TIME ZONE', 'timestamp', 'TIMESTAMP WITH TIME ZONE'],
  ['TIMESTAMP', 'timestamp_ntz', 'TIMESTAMP'],
  ['TIMESTAMP_NS', 'timestamp_ntz', 'TIMESTAMP'],
] as const)
  test(`${type} becomes ${delta} and is stored as ${stored}`, () => {
    assert.equal(deltaOf(type), delta)
    assert.equal(storedAs(type), stored)
  })

test('nested types keep their names and shapes', () => {
  const type = 'STRUCT("a b" INTEGER[], m MAP(VARCHAR, STRUCT(x UUID)), "q""x" INTEGER[3])'
  assert.equal(storedAs(type), 'STRUCT("a b" INTEGER[], "m" MAP(VARCHAR, STRUCT("x" VARCHAR)), "q""x" INTEGER[])')
})

for (const [type, place] of [
  ['TIME', '"c"'],
  ['INTERVAL', '"c"'],
  ['BIT', '"c"'],
  ['"NULL"', '"c"'],
  ['VARIANT', '"c"'],
  ['UNION(a INTEGER)', '"c"'],
  ['STRUCT(a STRUCT("b c" TIME[]))', '"c"."a"."b c"[]'],
  ['MAP(VARCHAR, INTERVAL)', '"c".value'],
] as const)
  test(`${type} is refused by name and place`, () => {
    assert.throws(
      () => deltaOf(type),
      (thrown) =>
        thrown instanceof Fault &&
        thrown.code === 'ColumnTypeNotSupported' &&
        thrown.message.includes(`column ${place}:`),
    )
  })

test('names that differ in case only are refused, nested ones too', () => {
  for (const columns of [
    [
      { name: 'a', type: 'INTEGER' },
      { name: 'A', type: 'INTEGER' },
    ],
    [
      { name: 's', type: 'STRUCT(a INTEGER)' },
      { name: 'S', type: 'INTEGER' },
    ],
  ])
    assert.throws(
      () => toDeltaSchema(columns),
      (thrown) => thrown instanceof Fault && thrown.code === 'DuplicateColumn',
    )
})

test('what others say of their columns is kept', () => {
  const text = JSON.stringify({
    type: 'struct',
    fields: [
      { name: 'a', type: 'long', nullable: false, metadata: { comment: 'the key', 'x.y': { z: [1] } } },
      {
        name: 'l',
        type: {
          type: 'array',
          elementType: {
            type: 'struct',
            fields: [{ name: 'b', type: 'someday', nullable: false, metadata: { c: 1 } }],
          },
          containsNull: false,
        },
        nullable: true,
        metadata: {},
      },
      {
        name: 'm',
        type: { type: 'map', keyType: 'string', valueType: 'decimal(5,1)', valueContainsNull: false },
        nullable: true,
        metadata: {},
      },
    ],
  })
  assert.equal(JSON.stringify(parseSchemaString(text)), text)
})

test('a type that the engine has none for is refused when the columns are asked for', () => {
  for (const type of ['variant', 'void', 'interval day', 'decimal(50,2)'])
    assert.throws(
      () => toColumns({ type: 'struct', fields: [{ name: 'c', type, nullable: true, metadata: {} }] }),
      (thrown) => thrown instanceof Fault && thrown.code === 'UnsupportedColumnType' && thrown.message.includes(type),
    )
})
