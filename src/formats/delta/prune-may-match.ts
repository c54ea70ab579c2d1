// From a predicate over rows to one over files: could any row of the file satisfy it? Pure; works on the engine's parse
// tree, so that the engine itself compares and computes, with its own rules for types.
//
// Invariants
// MM1 Sound: whatever is not understood, or not known of a file, counts as "could".
// MM2 Two questions are asked of each part, `couldBeTrue` and `couldBeFalse`, so that NOT is exact; null is neither.
// MM3 Bounds are bounds: the least and greatest value may lie outside the file's values, never inside them.
import { isConstantFor, isPure } from './prune-purity.ts'
import {
  allOf,
  anyOf,
  childrenOf,
  column,
  columnPath,
  compare,
  isNode,
  isRawNumber,
  type Node,
  notTrue,
  operator,
  orTrue,
  TRUE,
} from './prune-tree.ts'

export interface PrunableColumn {
  name: string
  /** The engine's type text. */
  type: string
  partition: boolean
}

/** Names of what the table of files holds for the column at a position. */
export const valueColumn = (position: number): string => `value_${position}`
export const leastColumn = (position: number): string => `least_${position}`
export const greatestColumn = (position: number): string => `greatest_${position}`
export const nullsColumn = (position: number): string => `nulls_${position}`
export const ROWS_COLUMN = 'rows'

const INVERSE: Record<string, string> = {
  COMPARE_EQUAL: 'COMPARE_NOTEQUAL',
  COMPARE_NOTEQUAL: 'COMPARE_EQUAL',
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHANOREQUALTO',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHAN',
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHANOREQUALTO',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHAN',
}
const MIRROR: Record<string, string> = {
  COMPARE_EQUAL: 'COMPARE_EQUAL',
  COMPARE_NOTEQUAL: 'COMPARE_NOTEQUAL',
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHAN',
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHAN',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHANOREQUALTO',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHANOREQUALTO',
}

/** Types whose least and greatest value stand in the statistics in the engine's own order. */
const ORDERED =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|DECIMAL.*|FLOAT|DOUBLE|DATE|TIMESTAMP|TIMESTAMP WITH TIME ZONE|VARCHAR)$/

/** True when the statistics of such a column can be compared. */
const hasOrderedStatistics = (column: PrunableColumn): boolean => !column.partition && ORDERED.test(column.type)

/** The predicate over files; TRUE (that very node) when nothing can be pruned by it. */
export function couldMatch(predicate: Node, columns: PrunableColumn[]): Node {
  return new Pruning(columns).couldBeTrue(predicate)
}

/** True when the predicate depends on nothing but partition values: then `couldMatch` says just which files match. */
export function dependsOnPartitionsOnly(predicate: Node, columns: PrunableColumn[]): boolean {
  return new Pruning(columns).isOfPartitions(predicate)
}

class Pruning {
  readonly #columns: Map<string, { column: PrunableColumn; position: number }>

  constructor(columns: PrunableColumn[]) {
    this.#columns = new Map(columns.map((column, position) => [column.name.toLowerCase(), { column, position }]))
  }

  couldBeTrue(node: Node): Node {
    if (this.isOfPartitions(node)) return operator('OPERATOR_COALESCE', this.#overFiles(node), notTrue(TRUE))
    switch (node.type) {
      case 'CONJUNCTION_AND':
        return allOf(childrenOf(node).map((child) => this.couldBeTrue(child)))
      case 'CONJUNCTION_OR':
        return anyOf(childrenOf(node).map((child) => this.couldBeTrue(child)))
      case 'OPERATOR_NOT':
        return allOf(childrenOf(node).map((child) => this.couldBeFalse(child)))
      case 'COMPARE_BETWEEN':
        return allOf(this.#limits(node, 'COMPARE_GREATERTHANOREQUALTO', 'COMPARE_LESSTHANOREQUALTO'))
      case 'COMPARE_IN': {
        const [input, ...values] = childrenOf(node)
        return anyOf(values.map((value) => this.#comparison('COMPARE_EQUAL', input, value)))
      }
      case 'OPERATOR_IS_NULL':
      case 'OPERATOR_IS_NOT_NULL':
        return this.#nullness(node, node.type === 'OPERATOR_IS_NULL')
      default:
        return node.class === 'COMPARISON' ? this.#comparison(node.type, node['left'], node['right']) : TRUE
    }
  }

  couldBeFalse(node: Node): Node {
    if (this.isOfPartitions(node)) return operator('OPERATOR_COALESCE', notTrue(this.#overFiles(node)), notTrue(TRUE))
    switch (node.type) {
      case 'CONJUNCTION_AND':
        return anyOf(childrenOf(node).map((child) => this.couldBeFalse(child)))
      case 'CONJUNCTION_OR':
        return allOf(childrenOf(node).map((child) => this.couldBeFalse(child)))
      case 'OPERATOR_NOT':
        return allOf(childrenOf(node).map((child) => this.couldBeTrue(child)))
      case 'COMPARE_BETWEEN':
        return anyOf(this.#limits(node, 'COMPARE_LESSTHAN', 'COMPARE_GREATERTHAN'))
      case 'OPERATOR_IS_NULL':
      case 'OPERATOR_IS_NOT_NULL':
        return this.#nullness(node, node.type !== 'OPERATOR_IS_NULL')
      default: {
        const inverse = INVERSE[node.type]
        return node.class === 'COMPARISON' && inverse !== undefined
          ? this.#comparison(inverse, node['left'], node['right'])
          : TRUE
      }
    }
  }

  #limits(node: Node, lower: string, upper: string): Node[] {
    return [
      this.#comparison(lower, node['input'], node['lower']),
      this.#comparison(upper, node['input'], node['upper']),
    ]
  }

  #comparison(type: string, left: unknown, right: unknown): Node {
    if (!isNode(left) || !isNode(right)) return TRUE
    const onLeft = this.#ordered(left)
    if (onLeft !== undefined) return this.#bounded(type, onLeft, right)
    const onRight = this.#ordered(right)
    const mirrored = MIRROR[type]
    return onRight === undefined || mirrored === undefined ? TRUE : this.#bounded(mirrored, onRight, left)
  }

  #bounded(type: string, at: { column: PrunableColumn; position: number }, value: Node): Node {
    if (!isConstantFor(at.column.type, value)) return TRUE
    const least = column(leastColumn(at.position))
    // The engine holds NaN for the greatest of all; statistics leave it out. So floats have no known greatest value.
    const greatest = /^(FLOAT|DOUBLE)$/.test(at.column.type) ? undefined : column(greatestColumn(at.position))
    const below = (how: string) => orTrue(compare(how, least, value))
    const above = (how: string) => (greatest === undefined ? TRUE : orTrue(compare(how, greatest, value)))
    const someValue = orTrue(compare('COMPARE_LESSTHAN', column(nullsColumn(at.position)), column(ROWS_COLUMN)))
    switch (type) {
      case 'COMPARE_EQUAL':
        return allOf([below('COMPARE_LESSTHANOREQUALTO'), above('COMPARE_GREATERTHANOREQUALTO'), someValue])
      case 'COMPARE_NOTEQUAL':
        return allOf([anyOf([below('COMPARE_NOTEQUAL'), above('COMPARE_NOTEQUAL')]), someValue])
      case 'COMPARE_LESSTHAN':
      case 'COMPARE_LESSTHANOREQUALTO':
        return allOf([below(type), someValue])
      case 'COMPARE_GREATERTHAN':
      case 'COMPARE_GREATERTHANOREQUALTO':
        return allOf([above(type), someValue])
      default:
        return TRUE
    }
  }

  #nullness(node: Node, wantsNull: boolean): Node {
    const [input] = childrenOf(node)
    const at = input === undefined ? undefined : this.#find(input)
    if (at === undefined || !hasOrderedStatistics(at.column)) return TRUE
    const nulls = column(nullsColumn(at.position))
    const zero: Node = {
      class: 'CONSTANT',
      type: 'VALUE_CONSTANT',
      value: { type: { id: 'BIGINT', type_info: null }, is_null: false, value: 0 },
    }
    return orTrue(
      wantsNull ? compare('COMPARE_GREATERTHAN', nulls, zero) : compare('COMPARE_LESSTHAN', nulls, column(ROWS_COLUMN)),
    )
  }

  #find(node: Node): { column: PrunableColumn; position: number } | undefined {
    const path = columnPath(node)
    return path?.length === 1 ? this.#columns.get(path[0]?.toLowerCase() ?? '') : undefined
  }

  #ordered(node: Node): { column: PrunableColumn; position: number } | undefined {
    const at = this.#find(node)
    return at !== undefined && hasOrderedStatistics(at.column) ? at : undefined
  }

  /** The part depends on nothing but partition values, of which it has at least one: then it is exact for a whole file. */
  isOfPartitions(node: Node): boolean {
    let some = false
    const pure = (part: Node): boolean => {
      if (!isPure(part)) return false
      if (part.class === 'COLUMN_REF') {
        some = true
        return this.#find(part)?.column.partition === true
      }
      return childrenOf(part).every(pure)
    }
    return pure(node) && some
  }

  /** The same part, its partition columns named as in the table of files. */
  #overFiles(value: Node): Node {
    const renamed = (part: unknown): unknown => {
      if (isNode(part) && part.class === 'COLUMN_REF') {
        const at = this.#find(part)
        return at === undefined ? part : column(valueColumn(at.position))
      }
      if (Array.isArray(part)) return part.map(renamed)
      if (typeof part !== 'object' || part === null || isRawNumber(part)) return part
      return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, renamed(member)]))
    }
    return renamed(value) as Node
  }
}
