// An SQL text cut into strings, quoted names, comments and the code between them, as DuckDB's scanner would. Enough to tell
// where a placeholder stands and which names occur; the engine's own parser decides everything else.

export interface SqlPiece {
  kind: 'code' | 'string' | 'dollarString' | 'name' | 'comment'
  /** Offsets into the text; `end` is behind the last character. */
  start: number
  end: number
}

/** Letters outside of ASCII are letters of names; white space outside of ASCII is white space. */
const WORD = /(?:[A-Za-z_]|[^\s\0-\x7f])(?:[A-Za-z0-9_$]|[^\s\0-\x7f])*/y
const DOLLAR_TAG = /\$(?:(?:[A-Za-z_]|[^\s\0-\x7f])(?:[A-Za-z0-9_]|[^\s\0-\x7f])*)?\$/y

/** The pieces in order; together they are the whole text. What is never closed reaches to the end. */
export function sqlPieces(sql: string): SqlPiece[] {
  const pieces: SqlPiece[] = []
  let codeFrom = 0
  let at = 0
  while (at < sql.length) {
    const found = pieceAt(sql, at)
    if (found === undefined) {
      at += wordLength(sql, at)
      continue
    }
    if (found.start > codeFrom) pieces.push({ kind: 'code', start: codeFrom, end: found.start })
    pieces.push(found)
    at = codeFrom = found.end
  }
  if (codeFrom < sql.length) pieces.push({ kind: 'code', start: codeFrom, end: sql.length })
  return pieces
}

/** A word is passed as a whole, so that the `$` in `a$b$c` starts no string. */
function wordLength(sql: string, at: number): number {
  WORD.lastIndex = at
  return WORD.exec(sql)?.[0].length ?? 1
}

/** The string, quoted name or comment that starts here. */
function pieceAt(sql: string, start: number): SqlPiece | undefined {
  const to = (kind: SqlPiece['kind'], end: number): SqlPiece => ({ kind, start, end: Math.min(end, sql.length) })
  const two = sql.slice(start, start + 2)
  if (two === '--') return to('comment', endOfLine(sql, start))
  if (two === '/*') return to('comment', endOfBlock(sql, start))
  if (/^e'/i.test(two)) return to('string', endOfQuoted(sql, start + 1, true))
  if (sql[start] === "'") return to('string', endOfQuoted(sql, start, false))
  if (sql[start] === '"') return to('name', endOfQuoted(sql, start, false))
  if (sql[start] !== '$') return undefined
  DOLLAR_TAG.lastIndex = start
  const tag = DOLLAR_TAG.exec(sql)?.[0]
  if (tag === undefined) return undefined
  const close = sql.indexOf(tag, start + tag.length)
  return to('dollarString', close < 0 ? sql.length : close + tag.length)
}

function endOfLine(sql: string, start: number): number {
  const length = sql.slice(start).search(/[\n\r]/)
  return length < 0 ? sql.length : start + length
}

/** Block comments may hold others. */
function endOfBlock(sql: string, start: number): number {
  let depth = 0
  for (let at = start; at < sql.length; at += 1) {
    const two = sql.slice(at, at + 2)
    if (two === '/*') depth += 1
    else if (two === '*/') depth -= 1
    else continue
    at += 1
    if (depth === 0) return at + 1
  }
  return sql.length
}

/** @param open offset of the opening quote */
function endOfQuoted(sql: string, open: number, hasEscapes: boolean): number {
  const quote = sql[open]
  for (let at = open + 1; at < sql.length; at += 1) {
    if (hasEscapes && sql[at] === '\\') at += 1
    else if (sql[at] === quote && sql[at + 1] === quote) at += 1
    else if (sql[at] === quote) return at + 1
  }
  return sql.length
}

/** The index of the piece that an offset lies in; that of the last one for an offset behind the text. */
export function pieceIndexAt(pieces: readonly SqlPiece[], offset: number): number {
  let [low, high] = [0, pieces.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((pieces[middle]?.start ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return high
}

/** The names that a text mentions, in lower case: identifiers do not tell cases apart. */
export function mentionedNames(sql: string): Set<string> {
  const names = new Set<string>()
  for (const { kind, start, end } of sqlPieces(sql)) {
    const text = sql.slice(start, end)
    if (kind === 'name') names.add(text.slice(1, -1).replaceAll('""', '"').toLowerCase())
    if (kind !== 'code') continue
    for (const [word] of text.matchAll(new RegExp(WORD.source, 'g'))) names.add(word.toLowerCase())
  }
  return names
}
