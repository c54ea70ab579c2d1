// Adds the rows. Nothing of the table is read, so it never has to be done anew.
import type { ModeOutcome, TableWrite } from '../mode.ts'

export async function append(write: TableWrite): Promise<ModeOutcome> {
  const { files, rows } = await write.writeFiles(write.result.query)
  return { add: files, remove: [], reads: { kind: 'nothing' }, rows, metrics: {}, warnings: [] }
}
