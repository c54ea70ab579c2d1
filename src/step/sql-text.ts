// Names and values as DuckDB SQL text. Nothing of a user's ever gets into a statement without passing through here.
import { Fault } from '../base/index.ts'
import type { Placeholder, ScalarType, ScalarValue, TypedValue } from '../plan/index.ts'

/** A name, always quoted: `"it""s"`. @throws Fault invalid InvalidText for a NUL character */
export function identifier(name: string): string {
  return `"${withoutNul(name, 'name').replaceAll('"', '""')}"`
}

/** Text as a literal: `'it''s'`; backslashes mean themselves. @throws Fault invalid InvalidText for a NUL character */
export function textLiteral(text: string): string {
  return `'${withoutNul(text, 'text').replaceAll("'", "''")}'`
}

const SQL_TYPES: Record<ScalarType, string> = {
  string: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  uuid: 'VARCHAR',
}

/**
 * A typed value as a literal that binds as tightly as a name does, so `x-$(params.n)` is safe with a negative n.
 * An integer is written as its digits, so that it fits wherever an integer does. A UUID is a text literal: it compares
 * with text and with UUID columns. A list is a list value, `CAST(['a', 'b'] AS VARCHAR[])`.
 */
export function valueLiteral(value: TypedValue): string {
  if (value.type !== 'list') return scalarLiteral(value)
  return `CAST([${value.value.map(scalarLiteral).join(', ')}] AS ${SQL_TYPES[value.items]}[])`
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
      if (!Number.isFinite(value.value)) return `CAST('${value.value}' AS DOUBLE)`
      return Object.is(value.value, -0) ? '(-0e0)' : bracketed(value.value.toExponential())
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

/**
 * The literal of a placeholder's param, for renderTemplate. After IN, with or without brackets of the user's, a list is
 * what IN takes, so that files can be left out by it: `('a', 'b')`; the empty one matches nothing.
 * @throws Fault invalid UnknownParam
 */
export function paramLiteral(params: Record<string, TypedValue>): (placeholder: Placeholder, before: string) => string {
  return ({ param }, before) => {
    const value = params[param]
    if (value === undefined)
      throw new Fault({
        kind: 'invalid',
        code: 'UnknownParam',
        message: `cannot fill in $(params.${param}): the run has no value for it; declare it in params, or give it one`,
      })
    const afterIn = value.type === 'list' ? /\bIN\s*(\(?)\s*$/i.exec(before) : null
    if (value.type !== 'list' || afterIn === null) return valueLiteral(value)
    const items = value.value.length === 0 ? 'SELECT NULL WHERE false' : value.value.map(scalarLiteral).join(', ')
    return afterIn[1] === '(' ? items : `(${items})`
  }
}

function withoutNul(text: string, what: string): string {
  if (!text.includes('\0')) return text
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidText',
    message: `cannot use ${what} ${JSON.stringify(text.slice(0, 40))} in SQL: it holds a NUL character; take it out`,
  })
}
