// What can be said of some columns of stored rows in the form of conditions that files can be left out by: between which
// values they lie, or which few values they have.
import { type Predicate, parsePredicate } from '../../formats/index.ts'
import { identifier, type JsonRow, textLiteral } from '../../step/index.ts'
import type { TableWrite } from './mode.ts'

/** So many values of a partition column are listed one by one. */
const MOST_LISTED = 1000

/** One condition per column; they hold for every row of the table that has the columns' values in common with a stored row. */
export async function rangePredicates(write: TableWrite, stored: string, names: string[]): Promise<Predicate[]> {
  if (write.files.length < 2) return []
  const [bounds] = await write.session.rows(`SELECT ${names.flatMap(aggregates).join(', ')} FROM ${stored}`)
  const known = write.schema.fields.map((field) => field.name)
  const predicates: Predicate[] = []
  for (const [at, name] of names.entries()) {
    const condition = bounds === undefined ? undefined : await conditionOf(write, stored, { name, at, bounds })
    if (condition !== undefined) predicates.push(await parsePredicate(condition, known, write.session))
  }
  return predicates
}

function aggregates(name: string, at: number): string[] {
  const column = identifier(name)
  return [
    `min(${column})::VARCHAR AS least_${at}`,
    `max(${column})::VARCHAR AS greatest_${at}`,
    `count(*) - count(${column}) AS nulls_${at}`,
  ]
}

interface Bounded {
  name: string
  at: number
  bounds: JsonRow
}

async function conditionOf(
  write: TableWrite,
  stored: string,
  { name, at, bounds }: Bounded,
): Promise<string | undefined> {
  const column = identifier(name)
  const type = write.result.columns.find((candidate) => candidate.name === name)?.type ?? 'VARCHAR'
  if (
    !/^(TINYINT|SMALLINT|INTEGER|BIGINT|DECIMAL.*|DATE|TIMESTAMP|TIMESTAMP WITH TIME ZONE|VARCHAR|BOOLEAN)$/.test(type)
  )
    return undefined
  const literal = (value: unknown) => `CAST(${textLiteral(String(value))} AS ${type})`
  const orNull = Number(bounds[`nulls_${at}`]) > 0 ? [`${column} IS NULL`] : []
  const least = bounds[`least_${at}`]
  if (least === null) return orNull[0]
  const values = write.partitionColumns.includes(name) ? await distinctValues(write, stored, column) : undefined
  const inside =
    values === undefined
      ? `${column} BETWEEN ${literal(least)} AND ${literal(bounds[`greatest_${at}`])}`
      : `${column} IN (${values.map(literal).join(', ')})`
  return [inside, ...orNull].join(' OR ')
}

async function distinctValues(write: TableWrite, stored: string, column: string): Promise<string[] | undefined> {
  const rows = await write.session.rows(
    `SELECT DISTINCT ${column}::VARCHAR AS value FROM ${stored} WHERE ${column} IS NOT NULL LIMIT ${MOST_LISTED + 1}`,
  )
  return rows.length > MOST_LISTED ? undefined : rows.map((row) => String(row['value']))
}
