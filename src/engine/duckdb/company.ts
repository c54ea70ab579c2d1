// Which steps may share an engine instance, one after the other. The shared one can reach more than each of them declares
// (reach.ts); that a step reads its own share only must then follow from its SQL. So SQL is looked through before anything is
// bound, and a step whose SQL is not plainly harmless gets an instance of its own, closed to everything else.
//
// CO1 Everything is a list of what is allowed: a node, a table or a table function that is not known here means alone.
// CO2 Tables are the step's own sources and WITH names, which look like no file; table functions are those that read none.
// CO3 Functions that tell or keep a state of the connection mean alone: another step may have left it.
import { renderTemplate, type StepPlan, type Template } from '../../plan/index.ts'
import { sourceOn } from '../../sources/index.ts'
import { paramLiteral, type StepContext } from '../../step/index.ts'
import { targetOn } from '../../targets/index.ts'

/** By its kind alone; its SQL may still say otherwise. */
export function mayShare(step: StepPlan): boolean {
  // what code asks for is known only while it runs; a file is written under a name that only this execution knows
  if (step.body.kind === 'code' || step.target.kind === 'file') return false
  const extensions = [
    ...step.sources.flatMap((source) => sourceOn('duckdb', source).extensions()),
    ...targetOn('duckdb', step.target).extensions(),
  ]
  return extensions.length === 0
}

/** Those that may share. */
export const sharing = (steps: readonly StepPlan[]): StepPlan[] => steps.filter(mayShare)

/** Conditions that the user wrote, params filled in. */
export function conditionsOf({ sources, target }: StepPlan, { info }: StepContext): string[] {
  const templates: Template[] = sources.flatMap((source) => (source.kind === 'table' ? source.where : []))
  if (target.kind === 'table' && target.write.mode === 'replaceWhere') templates.push(target.write.predicate)
  return templates.map((template) => renderTemplate(template, paramLiteral(info.params)).text)
}

const QUERIES = ['SELECT_NODE', 'SET_OPERATION_NODE', 'RECURSIVE_CTE_NODE', 'CTE_NODE']
const RELATIONS = ['BASE_TABLE', 'TABLE_FUNCTION', 'SUBQUERY', 'JOIN', 'EXPRESSION_LIST', 'EMPTY', 'PIVOT']
const TABLE_FUNCTIONS = ['range', 'generate_series', 'unnest', 'json_each', 'json_tree', 'repeat', 'repeat_row']
/** Besides those, none of the engine's functions depends on more than its arguments, the clock and chance. */
export const STATEFUL_FUNCTIONS = [
  ...['setseed', 'nextval', 'currval', 'write_log', 'getvariable', 'current_setting', 'json_serialize_plan'],
  ...['current_database', 'current_catalog', 'current_schema', 'current_schemas', 'in_search_path'],
  ...['current_connection_id', 'current_transaction_id', 'txid_current', 'current_query', 'current_query_id'],
]
/** Never a file's name: that has a dot, a slash or a star. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/

/**
 * True when a query, as the engine has serialised it, plainly reads these tables only.
 * @param tables names in lower case
 */
export function readsOnly(tree: unknown, tables: readonly string[]): boolean {
  const known = new Set([...tables, ...withNames(tree)].filter((name) => PLAIN_NAME.test(name)))
  return isHarmless(tree, known)
}

interface TreeNode {
  type?: unknown
  class?: unknown
  function_name?: unknown
  function?: { function_name?: unknown }
  table_name?: unknown
  schema_name?: unknown
  catalog_name?: unknown
  at_clause?: unknown
  column_names?: unknown
}

function isHarmless(node: unknown, tables: ReadonlySet<string>): boolean {
  if (typeof node !== 'object' || node === null) return true
  if (!isKnown(node, tables)) return false
  return Object.values(node).every((member) => isHarmless(member, tables))
}

function isKnown(node: TreeNode, tables: ReadonlySet<string>): boolean {
  const { type } = node
  if ('modifiers' in node && 'cte_map' in node && !isIn(QUERIES, type)) return false
  // an expression: its class tells it from a relation, whatever its type is called
  if (node.class !== undefined) return !isStateful(node)
  if ('alias' in node && 'sample' in node && !isIn(RELATIONS, type)) return false
  if (type === 'TABLE_FUNCTION') return isIn(TABLE_FUNCTIONS, lower(node.function?.function_name))
  if (type !== 'BASE_TABLE') return true
  const { table_name: name, schema_name: schema, catalog_name: catalog, at_clause: at } = node
  return typeof name === 'string' && tables.has(name.toLowerCase()) && schema === '' && catalog === '' && at === null
}

/** Some functions are called without brackets: they look like a column. */
function isStateful({ function_name: called, column_names: path }: TreeNode): boolean {
  const column: unknown = Array.isArray(path) && path.length === 1 ? path[0] : undefined
  return isIn(STATEFUL_FUNCTIONS, lower(called)) || isIn(STATEFUL_FUNCTIONS, lower(column))
}

const isIn = (list: readonly string[], name: unknown): boolean => typeof name === 'string' && list.includes(name)
const lower = (name: unknown): unknown => (typeof name === 'string' ? name.toLowerCase() : name)

/** Of every WITH in it, at any depth. */
function withNames(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { cte_map: map } = node as { cte_map?: { map?: { key?: unknown }[] } }
  const own = map?.map?.map(({ key }) => String(key).toLowerCase()) ?? []
  return [...own, ...Object.values(node).flatMap(withNames)]
}
