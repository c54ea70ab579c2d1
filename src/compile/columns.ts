// Lists of column names. Neither the engine nor Delta tables tell upper case from lower case in them.
import type { Path } from '../manifest/index.ts'
import type { Findings, FindingText } from './findings.ts'

/** Each column once. */
export function checkColumns(columns: readonly string[] | undefined, path: Path, findings: Findings): void {
  for (const [i, column] of (columns ?? []).entries()) {
    const other = columns?.slice(0, i).find((earlier) => earlier.toLowerCase() === column.toLowerCase())
    if (other !== undefined) findings.error('DuplicateColumn', [...path, i], listedTwice(column, other))
  }
}

export const listedTwice = (column: string, other: string): FindingText => ({
  message: `column "${column}" is listed twice${other === column ? '' : `, as "${other}" too`}`,
  hint: 'list it once; upper and lower case make no difference',
})

export function hasColumn(columns: readonly string[], column: string): boolean {
  const wanted = column.toLowerCase()
  return columns.some((name) => name.toLowerCase() === wanted)
}
