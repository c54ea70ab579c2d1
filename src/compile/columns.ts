// Lists of column names. Neither the engine nor Delta tables tell upper case from lower case in them.
import type { Path } from '../manifest/index.ts'
import type { Findings } from './findings.ts'

/** Each column once. */
export function checkColumns(columns: readonly string[] | undefined, path: Path, findings: Findings): void {
  const seen = new Set<string>()
  for (const [i, column] of (columns ?? []).entries()) {
    if (seen.has(column.toLowerCase()))
      findings.error('DuplicateColumn', [...path, i], {
        message: `column "${column}" is listed twice`,
        hint: 'list it once',
      })
    seen.add(column.toLowerCase())
  }
}

export function hasColumn(columns: readonly string[], column: string): boolean {
  const wanted = column.toLowerCase()
  return columns.some((name) => name.toLowerCase() === wanted)
}
