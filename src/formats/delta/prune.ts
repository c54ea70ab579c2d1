// Which files of a table could hold rows that satisfy a predicate, by their partition values and statistics.
// PR1 Sound: a file that could hold such a row is never left out. When anything about it is in doubt, the file stays.
import { Fault } from '../../base/index.ts'
import { type SqlSession, textLiteral } from '../../step/index.ts'
import type { AddFile } from './actions.ts'
import { toColumns } from './column-types.ts'
import type { Predicate } from './predicate.ts'
import { couldMatch, dependsOnPartitionsOnly, type PrunableColumn } from './prune-may-match.ts'
import { tableOfFiles } from './prune-table.ts'
import { allOf, childrenOf, columnPath, type Node, TRUE } from './prune-tree.ts'
import type { DeltaSchema } from './schema.ts'

export interface PruneRequest {
  files: AddFile[]
  schema: DeltaSchema
  partitionColumns: string[]
  /** AND-ed. */
  predicates: Predicate[]
  session: SqlSession
}

/** The files that could hold a row that satisfies all predicates, in order (PR1). */
export async function pruneFiles(request: PruneRequest): Promise<AddFile[]> {
  const { files, predicates } = request
  const prunable = prunableColumns(request)
  const condition = allOf(predicates.map(({ tree }) => couldMatch(tree, prunable)))
  if (files.length === 0 || condition === TRUE) return files
  try {
    return await filesWhere(condition, request)
  } catch (thrown) {
    // A predicate that fails on a partition value, say. If it is wrong, reading the rows will tell.
    if (thrown instanceof Fault && thrown.code !== 'Interrupted') return files
    throw thrown
  }
}

/**
 * The files whose rows satisfy the predicates one and all, when these depend on partition values alone: no other file has
 * a row that does. undefined when they depend on more.
 * @throws Fault of the engine, when a predicate can't be evaluated
 */
export async function filesByPartition(request: PruneRequest): Promise<AddFile[] | undefined> {
  const { files, predicates } = request
  const prunable = prunableColumns(request)
  if (!predicates.every(({ tree }) => dependsOnPartitionsOnly(tree, prunable))) return undefined
  if (files.length === 0) return []
  return await filesWhere(allOf(predicates.map(({ tree }) => couldMatch(tree, prunable))), request)
}

function prunableColumns({ schema, partitionColumns }: PruneRequest): PrunableColumn[] {
  return toColumns(schema).map((column) => ({ ...column, partition: partitionColumns.includes(column.name) }))
}

async function filesWhere(condition: Node, request: PruneRequest): Promise<AddFile[]> {
  const { files, predicates, session } = request
  const table = tableOfFiles(files, prunableColumns(request), namesIn(condition))
  const text = await textOf(predicates[0]?.statement, condition, session)
  const kept = await session.rows(`WITH t AS (${table}) SELECT position FROM (${text})`)
  const positions = new Set(kept.map((row) => Number(row['position'])))
  return files.filter((_, position) => positions.has(position))
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
