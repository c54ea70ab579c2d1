// What the table's history says of a write.
import type { CommitNote } from '../../formats/index.ts'
import type { TableTarget, WriteMode } from '../../plan/index.ts'
import type { StepInfo } from '../../step/index.ts'
import type { ModeOutcome } from './mode.ts'

export function commitNote(
  { write, schema }: TableTarget,
  outcome: ModeOutcome,
  { created, info }: { created: boolean; info: StepInfo },
): CommitNote {
  const { runId, process, step, attempt, planHash } = info
  const bytes = outcome.add.reduce((sum, file) => sum + file.size, 0)
  const counts = {
    numOutputRows: outcome.rows,
    numAddedFiles: outcome.add.length,
    numRemovedFiles: outcome.remove.length,
    numOutputBytes: bytes,
    ...outcome.metrics,
  }
  return {
    operation: created ? 'CREATE TABLE AS SELECT' : write.mode === 'upsert' ? 'MERGE' : 'WRITE',
    parameters: { loomMode: write.mode, schemaMode: schema, ...parametersOf(write) },
    metrics: Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)])),
    run: { runId, process, step, attempt, planHash },
  }
}

/** As Spark writes them, so that its tools show them. */
function parametersOf(write: WriteMode): Record<string, string> {
  switch (write.mode) {
    case 'append':
      return { mode: 'Append', partitionBy: JSON.stringify(write.partitionBy) }
    case 'replace':
      return { mode: 'Overwrite', partitionBy: JSON.stringify(write.partitionBy) }
    case 'replacePartitions':
      return { mode: 'Overwrite', by: JSON.stringify(write.by) }
    case 'replacePartition':
      return { mode: 'Overwrite', values: JSON.stringify(write.values.map(({ column }) => column)) }
    case 'replaceWhere':
      return { mode: 'Overwrite', predicate: write.predicate.source }
    case 'upsert':
      return {
        matchedPredicates: '[{"actionType":"update"}]',
        notMatchedPredicates: '[{"actionType":"insert"}]',
        keys: JSON.stringify(write.keys),
      }
    default:
      return write satisfies never
  }
}
