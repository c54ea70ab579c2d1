// Replaces the whole contents. An empty result leaves an empty table, with a warning (design §12).
import type { ModeOutcome, TableWrite } from '../mode.ts'

export async function replace(write: TableWrite): Promise<ModeOutcome> {
  const { files, rows } = await write.writeFiles(write.result.query)
  const emptied = rows === 0 && write.files.length > 0
  return {
    add: files,
    remove: write.files,
    reads: { kind: 'wholeTable' },
    rows,
    metrics: {},
    warnings: emptied ? [`table "${write.ref}" is empty now: the result has no rows`] : [],
  }
}
