// What a user may write as SQL: one SELECT, reading what the step declares. The engine's own parser decides.
import { Fault, firstLine } from '../../base/index.ts'
import { type ColumnType, type SqlSession, textLiteral } from '../../step/index.ts'
import { utf16Offset } from './errors.ts'

/** Reads files, or runs text that could; a step reads through its sources, so that what it reads is known. */
const FILE_FUNCTIONS = /^(read_|parquet_|sniff_|glob$|.*_scan$|query$|json_execute|st_read|iceberg_|delta_)/i
const FILE_NAME = /[/*?]|\.(csv|tsv|json|jsonl|ndjson|parquet|xlsx|txt|gz|zst|db|duckdb)$/i

/**
 * @param parsed what parseSelect gave for the same text
 * @returns the SELECT in a form that can stand between brackets: no `;`, and a line end last
 * @throws Fault invalid NotASelect, SqlSyntax, DuplicateColumn and what binding finds; offsets count in the given text
 */
export async function checkedSelect(
  sql: string,
  session: SqlSession,
  parsed?: ParsedSelect,
): Promise<{ query: string; columns: ColumnType[] }> {
  const tree = parsed ?? (await parseSelect(sql, session))
  const statement = onlyStatement(tree, sql)
  assertReadsSourcesOnly(statement, sql)
  const query = `${await withoutEnd(sql, tree, session)}\n`
  const columns = await session.describe(query)
  assertDistinct(columns)
  return { query, columns }
}

function onlyStatement(parsed: ParsedSelect, sql: string): unknown {
  if (parsed.error && parsed.error_type !== 'parser') throw notASelect('it is no SELECT')
  if (parsed.error)
    throw new Fault({
      kind: 'invalid',
      code: 'SqlSyntax',
      message: `cannot parse the SQL: ${firstLine(parsed.error_message ?? '')}`,
      at: { field: 'sql', offset: utf16Offset(sql, Number(parsed.position ?? 0)) },
    })
  const statements = parsed.statements ?? []
  if (statements.length !== 1)
    throw notASelect(statements.length === 0 ? 'there is nothing in it' : `there are ${statements.length} statements`)
  return statements[0]
}

const ONLY_COMMENTS = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/

/** A text as the engine's parser takes it: statements as trees, or what is wrong. */
export interface ParsedSelect {
  error: boolean
  error_type?: string
  error_message?: string
  /** In bytes. */
  position?: string
  statements?: unknown[]
}

/** Nothing is bound: tables and functions need not exist. */
export async function parseSelect(sql: string, session: SqlSession): Promise<ParsedSelect> {
  const [row] = await session.rows(`SELECT json_serialize_sql(CAST(${textLiteral(sql)} AS VARCHAR)) AS tree`)
  return JSON.parse(String(row?.['tree'])) as ParsedSelect
}

/** Takes the final `;` away, with comments after it; what looks like one inside a text is left. */
async function withoutEnd(sql: string, parsed: ParsedSelect, session: SqlSession): Promise<string> {
  for (const { index } of sql.matchAll(/;/g)) {
    if (!ONLY_COMMENTS.test(sql.slice(index + 1))) continue
    const shorter = sql.slice(0, index)
    if (JSON.stringify(await parseSelect(shorter, session)) === JSON.stringify(parsed)) return shorter
  }
  return sql
}

function notASelect(why: string): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'NotASelect',
    message: `cannot run the SQL: ${why}; a step's SQL is one SELECT, and its target does the writing`,
    at: { field: 'sql', offset: 0 },
  })
}

/** @throws Fault denied OutsideStep for functions that read files, and for files named as tables */
function assertReadsSourcesOnly(node: unknown, sql: string): void {
  if (typeof node !== 'object' || node === null) return
  const { type, function: call, table_name: table } = node as TreeNode
  const name = type === 'TABLE_FUNCTION' ? call?.function_name : undefined
  const isFile = type === 'BASE_TABLE' && table !== undefined && FILE_NAME.test(table)
  if (isFile || (name !== undefined && FILE_FUNCTIONS.test(name))) {
    const bytes = (node as TreeNode).query_location ?? 0
    throw new Fault({
      kind: 'denied',
      code: 'OutsideStep',
      message: `cannot read ${isFile ? `"${table}"` : `by ${name}()`} in a step's SQL: a step reads only its sources, so that what it reads is known; declare a file source`,
      at: { field: 'sql', offset: utf16Offset(sql, bytes) },
    })
  }
  for (const member of Object.values(node)) assertReadsSourcesOnly(member, sql)
}

interface TreeNode {
  type?: string
  query_location?: number
  function?: { function_name?: string }
  table_name?: string
}

function assertDistinct(columns: ColumnType[]): void {
  const seen = new Set<string>()
  for (const { name } of columns) {
    if (seen.has(name.toLowerCase()))
      throw new Fault({
        kind: 'invalid',
        code: 'DuplicateColumn',
        message: `cannot use the result: column "${name}" occurs twice; give one of them another name with AS`,
        at: { field: 'sql', offset: 0 },
      })
    seen.add(name.toLowerCase())
  }
}
