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
  const misplaced = template.parts.flatMap((part) => {
    const why = 'text' in part ? undefined : whyMisplaced(sql, part, pieces)
    return 'text' in part || why === undefined ? [] : [{ placeholder: part, why }]
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
  if (BESIDE.test(before) || BESIDE.test(sql[start + length] ?? '')) return 'it stands right beside other text'
  return followsText(sql, start, pieces) ? 'it stands behind a quoted text, which it would lengthen' : undefined
}

/** Two quoted texts with nothing but white space between them are one. */
function followsText(sql: string, start: number, pieces: SqlPiece[]): boolean {
  for (let i = pieceIndexAt(pieces, start); i >= 0; i -= 1) {
    const piece = pieces[i]
    if (piece === undefined || piece.kind === 'comment') continue
    if (piece.kind !== 'code') return piece.kind !== 'name'
    if (sql.slice(piece.start, Math.min(piece.end, start)).trim() !== '') return false
  }
  return false
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
