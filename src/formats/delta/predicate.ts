// A predicate as a user wrote it, checked by the engine's own parser: one expression, over columns that are there.
import { didYouMean, Fault } from '../../base/index.ts'
import { type ParamValues, renderTemplate, type Template } from '../../plan/index.ts'
import { paramLiteral, type SqlSession, textLiteral } from '../../step/index.ts'
import { childrenOf, columnPath, isNode, type Node, parseTree } from './prune-tree.ts'

export interface Predicate {
  /** Stands between brackets. */
  text: string
  tree: Node
  /** The statement around the tree, as the engine serialised it: `SELECT * FROM t WHERE …`. */
  statement: unknown
}

/** Words that the engine's parser takes for columns when there are none of that name. */
const WORDS =
  'current_date current_time current_timestamp localtime localtimestamp current_user current_role session_user user current_catalog current_schema'.split(
    ' ',
  )

/**
 * A predicate with placeholders, params filled in as literals.
 * @param condition `field` is where the manifest has it
 * @throws as parsePredicate, with the place in the manifest
 */
export async function templatePredicate(
  condition: { template: Template; field: string },
  { names, params, session }: { names: string[]; params: ParamValues; session: SqlSession },
): Promise<Predicate> {
  const { text, sourceOffset } = renderTemplate(condition.template, paramLiteral(params))
  return await parsePredicate(text, names, session).catch((thrown: unknown) => {
    if (!(thrown instanceof Fault) || thrown.at?.field !== '') throw thrown
    const { kind, code, message, at } = thrown
    const offset = at.offset === undefined ? {} : { offset: sourceOffset(at.offset) }
    throw new Fault({ kind, code, message, at: { field: condition.field, ...offset }, cause: thrown })
  })
}

const PREFIX = 'SELECT * FROM t WHERE ('

/**
 * @throws Fault invalid SqlSyntax, NotAPredicate, UnknownColumn; `at.offset` counts in the text, `at.field` is empty: the
 * caller knows it
 */
export async function parsePredicate(text: string, columns: string[], session: SqlSession): Promise<Predicate> {
  const [row] = await session.rows(`SELECT json_serialize_sql(${textLiteral(`${PREFIX}${text}\n)`)}) AS tree`)
  const statement = parseTree(String(row?.['tree']))
  const parsed = statement as Parsed
  if (parsed.error) {
    const reason = parsed.error_message ?? 'it can not be parsed'
    throw predicateFault(
      'SqlSyntax',
      text,
      `${reason}; write one condition, as after WHERE`,
      Number(parsed.position ?? 0),
    )
  }
  const [only, ...more] = parsed.statements ?? []
  const tree = only?.node?.['where_clause']
  if (only?.node?.['type'] !== 'SELECT_NODE' || more.length > 0 || !isNode(tree) || !isBare(only.node))
    throw predicateFault('NotAPredicate', text, 'it is more than a condition; write one condition, as after WHERE')
  checkColumns(tree, columns, text)
  return { text: `${text}\n`, tree, statement }
}

interface Parsed {
  error: boolean
  error_message?: string
  /** In bytes. */
  position?: string
  statements?: { node?: Record<string, unknown> }[]
}

/** Nothing but WHERE: no ORDER BY, LIMIT, GROUP BY and the like, which a closing bracket in the text would let in. */
function isBare(node: Record<string, unknown>): boolean {
  const empty = (member: unknown) => Array.isArray(member) && member.length === 0
  return (
    empty(node['modifiers']) &&
    empty(node['group_sets']) &&
    node['having'] === null &&
    node['qualify'] === null &&
    node['sample'] === null
  )
}

function checkColumns(tree: Node, columns: string[], text: string): void {
  const known = new Set([...columns.map((name) => name.toLowerCase()), ...WORDS])
  for (const name of lambdaNames(tree)) known.add(name.toLowerCase())
  for (const node of [tree, ...descendantsOf(tree)]) {
    const name = columnPath(node)?.[0]
    if (name === undefined || known.has(name.toLowerCase())) continue
    const way = didYouMean(name, columns) || `; there are ${columns.join(', ')}`
    throw predicateFault(
      'UnknownColumn',
      text,
      `the table has no column "${name}"${way}`,
      Number(node['query_location']),
    )
  }
}

function descendantsOf(node: Node): Node[] {
  return childrenOf(node).flatMap((child) => [child, ...descendantsOf(child)])
}

function lambdaNames(tree: Node): string[] {
  return [tree, ...descendantsOf(tree)]
    .filter((node) => node.class === 'LAMBDA')
    .map((node) => node['lhs'])
    .filter(isNode)
    .flatMap((left) => [left, ...descendantsOf(left)].flatMap((node) => columnPath(node) ?? []))
}

function predicateFault(code: string, text: string, why: string, position?: number): Fault {
  const offset =
    position === undefined || !Number.isSafeInteger(position) ? undefined : textOffset(text, position - PREFIX.length)
  return new Fault({
    kind: 'invalid',
    code,
    message: `cannot use the condition "${text}": ${why}`,
    at: { field: '', ...(offset === undefined ? {} : { offset }) },
  })
}

/** The engine counts bytes. */
function textOffset(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, Math.max(0, bytes)).toString().length
}
