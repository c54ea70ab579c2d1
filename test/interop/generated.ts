// Random tables of all types that a table can hold, as SQL.
import fc from 'fast-check'
import { identifier, textLiteral } from '../../src/step/index.ts'

interface Kind {
  type: string
  /** SQL of values; the null is added to all of them. */
  value: fc.Arbitrary<string>
}

const cast = (type: string, ...texts: string[]): Kind => ({
  type,
  value: fc.constantFrom(...texts.map((text) => `CAST(${textLiteral(text)} AS ${type})`)),
})
const text = fc
  .oneof(
    fc.constantFrom(
      '',
      ' ',
      "it's",
      'a/b=c%20',
      '__HIVE_DEFAULT_PARTITION__',
      'z'.repeat(300),
      '😀'.repeat(40),
      '"\\\n\t',
    ),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
  )
  .filter((value) => !value.includes('\0'))

const SIMPLE: Kind[] = [
  cast('BOOLEAN', 'true', 'false'),
  cast('TINYINT', '-128', '0', '127'),
  cast('SMALLINT', '-32768', '7', '32767'),
  cast('INTEGER', '-2147483648', '0', '2147483647'),
  cast('BIGINT', '-9223372036854775808', '9007199254740993', '9223372036854775807'),
  cast('UTINYINT', '0', '255'),
  cast('UINTEGER', '0', '4294967295'),
  cast('UBIGINT', '0', '18446744073709551615'),
  cast('HUGEINT', '-99999999999999999999999999999999999999', '5'),
  cast('FLOAT', '0.1', '-0.0', '3.4e38', 'nan', 'inf', '-inf'),
  cast('DOUBLE', '0.1', '-0.0', '1e300', '5e-324', 'nan', 'inf'),
  cast('DECIMAL(4,2)', '0.05', '-99.99', '1.50'),
  cast('DECIMAL(18,9)', '0.000000001', '-123456789.987654321'),
  cast('DECIMAL(38,10)', '9999999999999999999999999999.9999999999', '-0.0000000001'),
  cast('DATE', '0001-01-01', '1969-12-31', '2020-02-29', '9999-12-31'),
  cast(
    'TIMESTAMP WITH TIME ZONE',
    '1969-12-31 23:59:59.999999+00',
    '2013-01-31 05:06:07.123456+00',
    '2100-01-01 00:00:00+00',
  ),
  cast('TIMESTAMP', '1969-12-31 23:59:59.999999', '2013-01-31 05:06:07.000001', '2100-01-01 00:00:00'),
  cast('UUID', 'b7b9fd28-6b2b-4c7e-9c3f-0d6f3f2f6a11'),
  cast('JSON', '{"a": [1, null]}', 'null'),
  {
    type: "ENUM('a', 'it''s')",
    value: fc.constantFrom("CAST('a' AS ENUM('a', 'it''s'))", "CAST('it''s' AS ENUM('a', 'it''s'))"),
  },
  { type: 'BLOB', value: fc.constantFrom(`''::BLOB`, `'\\x00\\xFFabc'::BLOB`) },
  { type: 'VARCHAR', value: text.map(textLiteral) },
]
/** What can name a folder. No negative decimals: delta-rs 1.6.6 makes `0.-01` of them, which its Arrow reader refuses. */
const PARTITIONING = SIMPLE.filter(({ type }) => !/^(BLOB|FLOAT|DOUBLE|HUGEINT|DECIMAL.*|VARCHAR)$/.test(type)).concat(
  // a folder's name has 255 bytes at most
  { type: 'VARCHAR', value: text.filter((value) => encodeURIComponent(value).length < 150).map(textLiteral) },
  cast('DECIMAL(4,2)', '0.05', '99.99', '1.50'),
  cast('DECIMAL(38,10)', '9999999999999999999999999999.9999999999', '0.0000000001'),
)

const orNull = (value: fc.Arbitrary<string>, type: string) =>
  fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(`CAST(NULL AS ${type})`) })

const fieldName = fc.constantFrom('a', 'b c', 'Ü', 'sel"ect', "it's", 'x.y', 'size')

const { kind } = fc.letrec<{ kind: Kind }>((tie) => ({
  kind: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'kind' },
    { weight: 5, arbitrary: fc.constantFrom(...SIMPLE) },
    { weight: 1, arbitrary: tie('kind').map(listOf) },
    {
      weight: 1,
      arbitrary: fc
        .uniqueArray(fc.tuple(fieldName, tie('kind')), { minLength: 1, maxLength: 3, selector: ([name]) => name })
        .map(structOf),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...SIMPLE.filter(({ type }) => ['BIGINT', 'DATE', 'BOOLEAN'].includes(type))),
          tie('kind'),
        )
        .map(mapOf),
    },
  ),
}))

function listOf({ type, value }: Kind): Kind {
  const list = `${type}[]`
  return {
    type: list,
    value: fc.array(orNull(value, type), { maxLength: 3 }).map((items) => `CAST([${items.join(', ')}] AS ${list})`),
  }
}

function structOf(fields: [string, Kind][]): Kind {
  const type = `STRUCT(${fields.map(([name, field]) => `${identifier(name)} ${field.type}`).join(', ')})`
  const value = fc
    .tuple(...fields.map(([, field]) => orNull(field.value, field.type)))
    .map(
      (values) =>
        `CAST(struct_pack(${fields.map(([name], i) => `${identifier(name)} := ${values[i]}`).join(', ')}) AS ${type})`,
    )
  return { type, value }
}

function mapOf([key, member]: [Kind, Kind]): Kind {
  const type = `MAP(${key.type}, ${member.type})`
  const value = fc
    .uniqueArray(fc.tuple(key.value, orNull(member.value, member.type)), { maxLength: 2, selector: ([name]) => name })
    .map((entries) => `CAST(MAP {${entries.map(([name, one]) => `${name}: ${one}`).join(', ')}} AS ${type})`)
  return { type, value }
}

export interface GeneratedTable {
  /** SELECTs of the same columns, one for each write. */
  queries: string[]
  partitionBy: string[]
}

/** The first column, `id`, is never null and different in each row. */
export const generatedTable: fc.Arbitrary<GeneratedTable> = fc
  .record({
    partitions: fc.array(fc.constantFrom(...PARTITIONING), { maxLength: 2 }),
    others: fc.array(kind, { minLength: 1, maxLength: 6 }),
    writes: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 }),
  })
  .chain(({ partitions, others, writes }) => {
    const columns = [
      ...partitions.map((column, i) => ({ ...column, name: `part ${i}=/` })),
      ...others.map((column, i) => ({ ...column, name: `c${i}` })),
    ]
    const row = fc.tuple(...columns.map(({ type, value }) => orNull(value, type)))
    return fc.tuple(...writes.map((count) => fc.array(row, { minLength: count, maxLength: count }))).map((batches) => ({
      partitionBy: partitions.map((_, i) => `part ${i}=/`),
      queries: batches.map((rows, batch) => selectOf(columns, rows, batch)),
    }))
  })

function selectOf(columns: { name: string; type: string }[], rows: string[][], batch: number): string {
  const list = (values: string[]) =>
    values.map((value, i) => `${value} AS ${identifier(columns[i]?.name ?? '')}`).join(', ')
  if (rows.length === 0)
    return `SELECT 0::BIGINT AS id, ${list(columns.map(({ type }) => `CAST(NULL AS ${type})`))} WHERE false`
  return rows.map((row, i) => `SELECT ${batch * 100 + i}::BIGINT AS id, ${list(row)}`).join(' UNION ALL ')
}
