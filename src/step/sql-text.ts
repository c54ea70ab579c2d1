// Names and values as DuckDB SQL text. Nothing of a user's ever gets into a statement without passing through here.
import type { Placeholder, ScalarValue, TypedValue } from '../plan/index.ts'

/** A name, always quoted: `"it""s"`. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Text as a literal: `'it''s'`; backslashes mean themselves. */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * A typed value as a literal that binds as tightly as a name does, so `x-$(params.n)` is safe with a negative n.
 * A UUID is a text literal: it compares with text and with UUID columns. A list is `('a', 'b')`: it stands after IN;
 * the empty one matches nothing.
 */
export function valueLiteral(value: TypedValue): string {
  if (value.type !== 'list') return scalarLiteral(value)
  return value.value.length === 0 ? '(SELECT NULL WHERE false)' : `(${value.value.map(scalarLiteral).join(', ')})`
}

function scalarLiteral(value: ScalarValue): string {
  switch (value.type) {
    case 'null':
      return 'NULL'
    case 'boolean':
      return value.value ? 'TRUE' : 'FALSE'
    case 'integer':
      return bracketed(value.value)
    case 'number':
      return bracketed(value.value.toExponential())
    case 'date':
      return `DATE ${textLiteral(value.value)}`
    case 'timestamp':
      return `TIMESTAMPTZ ${textLiteral(value.value)}`
    case 'string':
    case 'uuid':
      return textLiteral(value.value)
    default:
      return value satisfies never
  }
}

/** Minus would otherwise bind weaker, or make `--`, which starts a comment. */
const bracketed = (digits: string): string => (digits.startsWith('-') ? `(${digits})` : digits)

/** The literal of a placeholder's param, for renderTemplate. @throws RangeError for a param that compile let through unknown */
export function paramLiteral(params: Record<string, TypedValue>): (placeholder: Placeholder) => string {
  return ({ param }) => {
    const value = params[param]
    if (value === undefined) throw new RangeError(`there is no param "${param}"`)
    return valueLiteral(value)
  }
}
