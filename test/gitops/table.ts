// The tables of docs/gitops.md that say how tools read our states.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { State } from './states.ts'

const PAGE = join(import.meta.dirname, '../../docs/gitops.md')

/** A table stands right below its mark, and ends with an empty line. */
const markOf = (kind: State['kind']): string => `<!-- ${kind}: how tools read it; tested -->`

const rowsOf = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.replaceAll('`', '').split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))

function placeOf(kind: State['kind']): { before: string; table: string; after: string } {
  const page = readFileSync(PAGE, 'utf8')
  const mark = `${markOf(kind)}\n\n`
  const start = page.indexOf(mark) + mark.length
  const end = page.indexOf('\n\n', start)
  if (start < mark.length || end < 0) throw new Error(`docs/gitops.md has no table "${markOf(kind)}"`)
  return { before: page.slice(0, start), table: page.slice(start, end), after: page.slice(end) }
}

/** Without its head. */
export const documentedRows = (kind: State['kind']): string[][] => rowsOf(placeOf(kind).table).slice(2)

/** Writes the rows into the page. */
export function documentRows(kind: State['kind'], rows: string[][]): void {
  const { before, table, after } = placeOf(kind)
  const head = table.split('\n').slice(0, 2)
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |`)
  writeFileSync(PAGE, before + [...head, ...lines].join('\n') + after)
}
