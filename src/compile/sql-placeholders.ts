// Where placeholders stand in an SQL text. A value is rendered as a literal with quotes of its own, so it may only stand
// where a literal may: inside other quotes, or right beside them, its text would become a part of the statement.
import { type Placeholder, parseTemplate, type Template, type TemplateError } from '../plan/index.ts'
import { pieceIndexAt, type SqlPiece, sqlPieces } from './sql-pieces.ts'

export interface SqlTemplate {
  template: Template
  errors: TemplateError[]
  /** Placeholders that may not stand where they do, and why. */
  misplaced: { placeholder: Placeholder; why: string }[]
}

/** Comments and what is quoted by dollars are left as they are. */
export function parseSqlTemplate(sql: string): SqlTemplate {
  const pieces = sqlPieces(sql)
  const { template, errors } = parseTemplate(sql, (offset) => {
    const kind = pieces[pieceIndexAt(pieces, offset)]?.kind
    return kind === 'comment' || kind === 'dollarString'
  })
  const placeholders = template.parts.flatMap((part) => ('text' in part ? [] : [part]))
  const lengthened = besideText(sql, placeholders, pieces)
  const misplaced = placeholders.flatMap((placeholder) => {
    const why =
      whyMisplaced(sql, placeholder, pieces) ??
      (lengthened.has(placeholder) ? 'it stands next to a quoted text, and the two would be one' : undefined)
    return why === undefined ? [] : [{ placeholder, why }]
  })
  return { template, errors, misplaced: [...misplaced, ...quotedByDollars(sql, pieces)] }
}

const BESIDE = /[A-Za-z0-9_$'"]|[^\s\p{ASCII}]/u

function whyMisplaced(sql: string, { start, length }: Placeholder, pieces: SqlPiece[]): string | undefined {
  const kind = pieces[pieceIndexAt(pieces, start)]?.kind
  if (kind === 'string') return 'it stands inside a quoted text'
  if (kind === 'name') return 'it stands inside a quoted name'
  const before = sql[start - 1] ?? ''
  if (before === '.') return 'it stands where a name must be'
  return BESIDE.test(before) || BESIDE.test(sql[start + length] ?? '') ? 'it stands right beside other text' : undefined
}

/** Placeholders with nothing but white space and comments between them and another text: SQL makes one text of two. */
function besideText(sql: string, placeholders: Placeholder[], pieces: SqlPiece[]): Set<Placeholder> {
  const found = new Set<Placeholder>()
  let last: Placeholder | 'text' | 'other' = 'other'
  const meet = (next: Placeholder | 'text' | 'other') => {
    if (last !== 'other' && next !== 'other')
      for (const one of [last, next]) if (typeof one === 'object') found.add(one)
    last = next
  }
  let i = 0
  for (const { kind, start, end } of pieces) {
    if (kind === 'string' || kind === 'dollarString') meet('text')
    else if (kind === 'name') meet('other')
    let from = start
    for (let next = placeholders[i]; next !== undefined && next.start < end; i += 1, next = placeholders[i]) {
      if (kind !== 'code') continue
      if (sql.slice(from, next.start).trim() !== '') meet('other')
      meet(next)
      from = next.start + next.length
    }
    if (kind === 'code' && sql.slice(from, end).trim() !== '') meet('other')
  }
  return found
}

function quotedByDollars(sql: string, pieces: SqlPiece[]): SqlTemplate['misplaced'] {
  return pieces.flatMap(({ kind, start, end }) => {
    if (kind !== 'dollarString') return []
    const inside = sql.indexOf('$', start + 1) + 1
    const { template } = parseTemplate(sql.slice(inside, end))
    return template.parts.flatMap((part) =>
      'text' in part
        ? []
        : [{ placeholder: { ...part, start: part.start + inside }, why: 'it stands inside a quoted text' }],
    )
  })
}
