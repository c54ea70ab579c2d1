// Lists of column names.
import type { Path } from '../manifest/index.ts'
import type { Findings } from './findings.ts'

/** Each column once. */
export function checkColumns(columns: readonly string[] | undefined, path: Path, findings: Findings): void {
  const seen = new Set<string>()
  for (const [i, column] of (columns ?? []).entries()) {
    if (seen.has(column))
      findings.error('DuplicateColumn', [...path, i], {
        message: `column "${column}" is listed twice`,
        hint: 'list it once',
      })
    seen.add(column)
  }
}
