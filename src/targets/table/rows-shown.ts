// Rows as error messages show them: a few, short, on one line.
import type { JsonRow } from '../../step/index.ts'

/** So many are shown. */
export const SHOWN_ROWS = 5
const LONGEST = 200

/** `{id: 1, name: "x"}, {id: 2, …`. */
export function showRows(rows: JsonRow[]): string {
  return rows.slice(0, SHOWN_ROWS).map(showRow).join(', ')
}

function showRow(row: JsonRow): string {
  const text = Object.entries(row)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(', ')
  return `{${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}}`
}
