import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../../src/base/index.ts'
import { parseTemplate, type SchemaMode, type WriteMode } from '../../../src/plan/index.ts'
import type { JsonRow } from '../../../src/step/index.ts'
import {
  applied,
  type Cell,
  type ModelCondition,
  type ModelFrame,
  type ModelRow,
  type ModelTable,
  type ModelWrite,
  Refused,
} from './model.ts'
import { type Tables, tables } from './table-fixture.ts'

const TYPES: Record<string, string> = { k: 'INTEGER', p: 'VARCHAR', v: 'BIGINT', extra: 'DATE' }
const CELLS: Record<string, Cell[]> = {
  k: [0, 1, 2, 3, null],
  p: ['a', 'a/b c', 'x=y%20ü', "it's", 'NULL', null],
  v: [0, 1, 9007199254740991, -5, null],
  extra: ['2020-01-01', '2020-02-29', null],
}

const frame: fc.Arbitrary<ModelFrame> = fc
  .record({
    columns: fc.constantFrom<string[]>(
      ['k', 'p', 'v'],
      ['k', 'p', 'v'],
      ['v', 'p', 'k'],
      ['k', 'p'],
      ['k', 'v'],
      ['k', 'p', 'v', 'extra'],
    ),
    size: fc.integer({ min: 0, max: 6 }),
    picks: fc.array(fc.nat(59), { minLength: 24, maxLength: 24 }),
  })
  .map(({ columns, size, picks }) => ({
    columns,
    rows: Array.from({ length: size }, (_, at) =>
      Object.fromEntries(
        columns.map((name, i) => [name, CELLS[name]?.[(picks[at * 4 + i] ?? 0) % (CELLS[name]?.length ?? 1)] ?? null]),
      ),
    ),
  }))

const isNot = (value: Cell | undefined): value is null | undefined => value === null || value === undefined
const CONDITIONS: ModelCondition[] = [
  { sql: "p = 'a'", columns: ['p'], holds: (row) => (isNot(row['p']) ? null : row['p'] === 'a') },
  {
    sql: "p IN ('a', 'it''s') OR p IS NULL",
    columns: ['p'],
    holds: (row) => (isNot(row['p']) ? true : row['p'] === 'a' || row['p'] === "it's"),
  },
  { sql: 'k >= $(params.low)', columns: ['k'], holds: (row) => (isNot(row['k']) ? null : Number(row['k']) >= 1) },
  { sql: 'NOT (k = 2)', columns: ['k'], holds: (row) => (isNot(row['k']) ? null : row['k'] !== 2) },
  { sql: 'true', columns: [], holds: () => true },
]

const columnsOf = fc.constantFrom<string[]>(['p'], ['k'], ['p', 'k'])
const partitionBy = fc.constantFrom<string[]>([], [], ['p'], ['p', 'k'])
type Mode = Pick<ModelWrite, 'write' | 'condition'>
const mode: fc.Arbitrary<Mode> = fc.oneof(
  partitionBy.map((by): Mode => ({ write: { mode: 'append', partitionBy: by } })),
  partitionBy.map((by): Mode => ({ write: { mode: 'replace', partitionBy: by } })),
  columnsOf.map((by): Mode => ({ write: { mode: 'replacePartitions', by } })),
  fc.constantFrom<Cell>('a', 'a/b c', "it's", null).map(
    (value): Mode => ({
      write: {
        mode: 'replacePartition',
        values: [
          { column: 'p', value: value === null ? { type: 'null', value } : { type: 'string', value: String(value) } },
        ],
      },
      condition: { sql: '', columns: ['p'], holds: (row) => (row['p'] ?? null) === value },
    }),
  ),
  fc.record({ at: fc.nat(CONDITIONS.length - 1), by: partitionBy }).map(({ at, by }): Mode => {
    const condition = CONDITIONS[at] as ModelCondition
    return {
      write: { mode: 'replaceWhere', predicate: parseTemplate(condition.sql).template, partitionBy: by },
      condition,
    }
  }),
  fc
    .record({
      keys: fc.constantFrom<string[]>(['k'], ['k'], ['k', 'p'], ['v']),
      by: partitionBy,
      pick: fc.constantFrom<{ include: string[]; exclude: string[] }>(
        { include: [], exclude: [] },
        { include: ['v'], exclude: [] },
        { include: [], exclude: ['v'] },
      ),
    })
    .map(({ keys, by, pick }): Mode => ({ write: { mode: 'upsert', keys, partitionBy: by, ...pick } })),
)
const step: fc.Arbitrary<ModelWrite> = fc
  .record({
    frame,
    mode,
    schema: fc.constantFrom<SchemaMode>('strict', 'strict', 'evolve', 'evolve', 'overwrite'),
    dropExtraColumns: fc.boolean(),
    /** Rows that the mode would refuse are mostly left out, so that the rest of it is tried as often. */
    lawful: fc.constantFrom(true, true, true, false),
  })
  .map(({ frame: given, mode: { write, condition }, schema, dropExtraColumns, lawful }) => ({
    frame: lawful ? { ...given, rows: lawfulRows(given, write, condition) } : given,
    write,
    schema,
    dropExtraColumns,
    ...(condition === undefined ? {} : { condition }),
  }))

function lawfulRows(
  { rows, columns }: ModelFrame,
  write: WriteMode,
  condition: ModelCondition | undefined,
): ModelRow[] {
  if (condition !== undefined) return rows.filter((row) => condition.holds(row) === true)
  if (write.mode === 'replacePartitions') return rows.filter((row) => write.by.every((name) => !isNot(row[name])))
  if (write.mode !== 'upsert') return rows
  const key = (row: ModelRow) => JSON.stringify([...write.keys, ...write.partitionBy].map((name) => row[name] ?? null))
  return columns.includes('k') ? [...new Map(rows.map((row) => [key(row), row])).values()] : rows
}

function queryOf({ columns, rows }: ModelFrame): string {
  const literal = (name: string, cell: Cell | undefined) =>
    `CAST(${isNot(cell) ? 'NULL' : typeof cell === 'number' ? cell : `'${cell.replaceAll("'", "''")}'`} AS ${TYPES[name]})`
  const selects = rows.map(
    (row) => `SELECT ${columns.map((name) => `${literal(name, row[name])} AS ${name}`).join(', ')}`,
  )
  if (selects.length > 0) return selects.join(' UNION ALL ')
  return `SELECT ${columns.map((name) => `CAST(NULL AS ${TYPES[name]}) AS ${name}`).join(', ')} WHERE false`
}

/** As the engine's JSON rows have them. */
function shown({ columns, rows }: ModelTable): string[] {
  return rows.map((row) => JSON.stringify(columns.map((name) => (isNot(row[name]) ? null : String(row[name]))))).sort()
}
const shownRows = (rows: JsonRow[], columns: string[]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(columns.map((name) => (row[name] === null || row[name] === undefined ? null : String(row[name])))),
    )
    .sort()

async function tried(made: Tables, { frame: given, write, schema, dropExtraColumns }: ModelWrite) {
  try {
    return await made.write(queryOf(given), write, {
      target: { schema, dropExtraColumns },
      params: { low: { type: 'integer', value: '1' } },
    })
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown
    throw thrown
  }
}

test('any sequence of writes does to a table what the definition of each mode says', async () => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const made = tables()
      let model: ModelTable | undefined
      try {
        for (const one of steps) {
          let refusal: string | undefined
          let next = model
          try {
            next = applied(model, one)
          } catch (thrown) {
            if (!(thrown instanceof Refused)) throw thrown
            refusal = thrown.code
          }
          const result = await tried(made, one)
          const outcome = result instanceof Fault ? result.code : 'written'
          assert.equal(outcome, refusal ?? 'written', result instanceof Fault ? result.message : '')
          seen.set(`${one.write.mode} ${outcome}`, (seen.get(`${one.write.mode} ${outcome}`) ?? 0) + 1)
          if (!(result instanceof Fault))
            assert.equal(result.rows, one.frame.rows.length, `rows written by ${one.write.mode}`)
          model = next
          if (model === undefined) continue
          assert.deepEqual(shownRows(await made.rows(), model.columns), shown(model), `after ${one.write.mode}`)
        }
      } finally {
        await made.remove()
      }
    }),
    { numRuns: 60 },
  )
  for (const name of ['append', 'replace', 'replacePartitions', 'replacePartition', 'replaceWhere', 'upsert'])
    assert.ok((seen.get(`${name} written`) ?? 0) > 0, `${name} was never tried: ${JSON.stringify([...seen])}`)
})
