// Combinations of partition values that occur in rows, in Delta's text form.
import { partitionTextSql } from '../../formats/index.ts'
import { identifier } from '../../step/index.ts'
import type { TableWrite } from './mode.ts'

/** @param names partition columns of the table that the query has */
export async function partitionCombinations(
  { schema, session }: Pick<TableWrite, 'schema' | 'session'>,
  query: string,
  names: string[],
): Promise<Record<string, string | null>[]> {
  const texts = names.map((name) => {
    const type = schema.fields.find((field) => field.name === name)?.type ?? 'string'
    return `${partitionTextSql(identifier(name), type)} AS ${identifier(name)}`
  })
  const rows = await session.rows(`SELECT DISTINCT ${texts.join(', ')} FROM (${query})`)
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, textOrNull(row[name])])))
}

const textOrNull = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))
