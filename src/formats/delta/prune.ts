// Which files of a table could hold rows that satisfy a predicate, by their partition values and statistics.
// PR1 Sound: a file that could hold such a row is never left out. When anything about it is in doubt, the file stays.
import { Fault } from '../../base/index.ts'
import { type ColumnType, type SqlSession, textLiteral } from '../../step/index.ts'
import type { AddFile } from './actions.ts'
import type { Predicate } from './predicate.ts'
import { couldMatch } from './prune-may-match.ts'
import { tableOfFiles } from './prune-table.ts'
import { allOf, childrenOf, columnPath, type Node, TRUE } from './prune-tree.ts'

export interface PruneRequest {
  files: AddFile[]
  columns: ColumnType[]
  partitionColumns: string[]
  /** AND-ed. */
  predicates: Predicate[]
  session: SqlSession
}

/** The files that could hold a row that satisfies all predicates, in order (PR1). */
export async function pruneFiles({
  files,
  columns,
  partitionColumns,
  predicates,
  session,
}: PruneRequest): Promise<AddFile[]> {
  const [first] = predicates
  if (files.length === 0 || first === undefined) return files
  const prunable = columns.map((column) => ({ ...column, partition: partitionColumns.includes(column.name) }))
  const condition = allOf(predicates.map(({ tree }) => couldMatch(tree, prunable)))
  if (condition === TRUE) return files
  try {
    const kept = await session.rows(
      `WITH t AS (${tableOfFiles(files, prunable, namesIn(condition))}) SELECT position FROM (${await textOf(first.statement, condition, session)})`,
    )
    const positions = new Set(kept.map((row) => Number(row['position'])))
    return files.filter((_, position) => positions.has(position))
  } catch (thrown) {
    // A predicate that fails on a partition value, say. If it is wrong, reading the rows will tell.
    if (thrown instanceof Fault && thrown.code !== 'Interrupted') return files
    throw thrown
  }
}

function namesIn(node: Node): Set<string> {
  return new Set([...(columnPath(node) ?? []), ...childrenOf(node).flatMap((child) => [...namesIn(child)])])
}

/** The statement with the condition in place of its own, as SQL text. */
async function textOf(statement: unknown, condition: Node, session: SqlSession): Promise<string> {
  const { statements } = statement as { statements: { node: object }[] }
  const changed = {
    error: false,
    statements: statements.map((one) => ({ ...one, node: { ...one.node, where_clause: condition } })),
  }
  const [row] = await session.rows(`SELECT json_deserialize_sql(${textLiteral(JSON.stringify(changed))}) AS text`)
  return String(row?.['text'])
}
