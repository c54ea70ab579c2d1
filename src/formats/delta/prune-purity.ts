// Which parts of a predicate give the same result for the same input, always, so that they may be computed beforehand.
import { childrenOf, type Node } from './prune-tree.ts'

/** Give the same result for the same input, always; and never text, so that a comparison keeps the column's own order. */
const CONSTANT_FUNCTIONS = new Set(
  '+ - * make_date make_timestamp make_timestamptz date_trunc trunc last_day to_years to_months to_weeks to_days to_hours to_minutes to_seconds'.split(
    ' ',
  ),
)
/** Those, and more of which the same is true but for text. */
const PURE_FUNCTIONS = new Set([
  ...CONSTANT_FUNCTIONS,
  ...'/ // % || ~~ !~~ ~~* !~~* abs ceil floor round sign year month day quarter week hour minute second dayofweek isodow dayofyear date_part datepart date_diff datediff date_add date_sub epoch strftime strptime lower upper lcase ucase length trim ltrim rtrim left right substr substring replace concat starts_with prefix ends_with suffix contains regexp_matches nullif ifnull greatest least list_value'.split(
    ' ',
  ),
])
const PURE_CLASSES = new Set([
  'CONSTANT',
  'COLUMN_REF',
  'CAST',
  'COMPARISON',
  'CONJUNCTION',
  'OPERATOR',
  'BETWEEN',
  'CASE',
])

/** True when the node itself, whatever stands below it, is such a part. */
export function isPure(node: Node): boolean {
  return node.class === 'FUNCTION' ? PURE_FUNCTIONS.has(functionName(node)) : PURE_CLASSES.has(node.class)
}

const functionName = (node: Node): string => String(node['function_name']).toLowerCase()

/** The value is the same for every row, and comparing a column of that type with it keeps the column's own order. */
export function isConstantFor(columnType: string, value: Node): boolean {
  const type = literalType(value)
  if (columnType === 'VARCHAR') return type === 'VARCHAR' && isConstant(value)
  if (type === 'VARCHAR') return value.class === 'CONSTANT'
  return isConstant(value)
}

function isConstant(node: Node): boolean {
  if (node.class === 'CONSTANT') return true
  if (node.class === 'CAST') return childrenOf(node).every(isConstant)
  return node.class === 'FUNCTION' && CONSTANT_FUNCTIONS.has(functionName(node)) && childrenOf(node).every(isConstant)
}

/** The type of a literal, or of a literal with a cast around it. */
function literalType(node: Node): string | undefined {
  const type = node.class === 'CAST' ? node['cast_type'] : (node['value'] as { type?: unknown } | undefined)?.type
  const id = (type as { id?: unknown } | undefined)?.id
  return (node.class === 'CONSTANT' || node.class === 'CAST') && typeof id === 'string' ? id : undefined
}
