// The engine's own parse tree of a predicate (json_serialize_sql), as far as pruning looks into it, and the few nodes that
// pruning builds. Nodes that it doesn't know pass through untouched.
// PT1 Numbers keep their digits: the tree holds 64-bit constants, which a JavaScript number can't.

export interface Node {
  class: string
  type: string
  [member: string]: unknown
}

interface RawNumber {
  rawJSON: string
}

const rawJson = JSON as typeof JSON & { rawJSON(text: string): RawNumber }
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown

/** Parses JSON so that JSON.stringify gives every number back digit by digit (PT1). */
export function parseTree(text: string): unknown {
  return parseWithSource(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) ? rawJson.rawJSON(source) : value,
  )
}

/** Parses JSON with every number as the text it was written in. */
export function parseExactly(text: string): unknown {
  return parseWithSource(text, (_key, value, { source }) => (typeof value === 'number' ? source : value))
}

/** True for what stands for a number's digits (PT1). */
export function isRawNumber(value: object): boolean {
  return 'rawJSON' in value
}

/** True for a parse tree node, as opposed to lists and plain values. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'class' in value && 'type' in value
}

/** The nodes right below a node, in order; a subquery's are left out: they have a scope of their own. */
export function childrenOf(node: Node): Node[] {
  if (node.class === 'SUBQUERY') return [node['child']].filter(isNode)
  return Object.values(node).flatMap(nodesIn)
}

function nodesIn(value: unknown): Node[] {
  if (isNode(value)) return [value]
  if (Array.isArray(value)) return value.flatMap(nodesIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(nodesIn)
}

/** `["t", "x"]` of a column reference; undefined for any other node. */
export function columnPath(node: Node): string[] | undefined {
  const names = node['column_names']
  if (node.class !== 'COLUMN_REF' || !Array.isArray(names)) return undefined
  return names.filter((name) => typeof name === 'string')
}

export const TRUE: Node = {
  class: 'CONSTANT',
  type: 'VALUE_CONSTANT',
  value: { type: { id: 'BOOLEAN', type_info: null }, is_null: false, value: true },
}

export const column = (name: string): Node => ({ class: 'COLUMN_REF', type: 'COLUMN_REF', column_names: [name] })

export const compare = (type: string, left: Node, right: Node): Node => ({ class: 'COMPARISON', type, left, right })

export const operator = (type: string, ...children: Node[]): Node => ({ class: 'OPERATOR', type, children })

/** The expression, or true where it is null: not knowing prunes nothing. */
export const orTrue = (node: Node): Node => operator('OPERATOR_COALESCE', node, TRUE)

export const notTrue = (node: Node): Node => operator('OPERATOR_NOT', node)

export function allOf(nodes: Node[]): Node {
  return conjunction(
    'CONJUNCTION_AND',
    nodes.filter((node) => node !== TRUE),
  )
}

export function anyOf(nodes: Node[]): Node {
  return nodes.includes(TRUE) ? TRUE : conjunction('CONJUNCTION_OR', nodes)
}

function conjunction(type: string, nodes: Node[]): Node {
  const [first, ...rest] = nodes
  if (first === undefined) return TRUE
  return rest.length === 0 ? first : { class: 'CONJUNCTION', type, children: nodes }
}
