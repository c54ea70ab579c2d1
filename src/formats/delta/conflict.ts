// Whether a change still holds after somebody else's commit came first.
//
// C1 Whoever changes schema, properties or protocol, or takes away a file that we take away, ends our change.
// C2 So does whoever adds or takes away a file whose rows we may have looked at (the read set). Nothing is weighed against
//    it: moved rows count too, for the files that we would take away may be among the moved ones.
import type { Action, AddFile, RemoveFile } from './actions.ts'
import type { ReadSet, TableChange } from './change.ts'
import type { DeltaSchema } from './schema.ts'
import type { Snapshot } from './table.ts'

export type Verdict = { kind: 'holds' } | { kind: 'alreadyCommitted' } | { kind: 'conflict'; reason: string }

/**
 * @param before the table right before the other commit
 * @param winner the other commit's actions
 */
export function judge(
  { change, reads }: { change: TableChange; reads: ReadSet },
  before: Snapshot | undefined,
  winner: { version: number; actions: Action[] },
): Verdict {
  const conflict = (why: string): Verdict => ({ kind: 'conflict', reason: `version ${winner.version} ${why}` })
  const { txn } = change
  // first: whatever else the other one did, our work is in the table
  if (
    winner.actions.some(
      (action) => action.kind === 'transaction' && txn !== undefined && covers(action.transaction, txn),
    )
  )
    return { kind: 'alreadyCommitted' }
  if (before === undefined) return conflict('made the table first')
  for (const action of winner.actions) {
    if (action.kind === 'protocol') return conflict("changed the table's protocol")
    if (action.kind === 'metadata') return conflict("changed the table's schema or properties")
    if (action.kind === 'add' && touches(reads, action.add.partitionValues, before.metadata.schema))
      return conflict('added rows where this change looked')
    if (action.kind !== 'remove') continue
    const { path } = action.remove
    if (change.remove.some((file) => file.path === path))
      return conflict('took away or rewrote a file that this change takes away')
    if (touches(reads, valuesOf(action.remove, before), before.metadata.schema))
      return conflict('took away or rewrote rows where this change looked')
  }
  return { kind: 'holds' }
}

/** Whether the table has come as far as the transaction, or further. */
export function covers(seen: { appId: string; version: number }, txn: { appId: string; version: number }): boolean {
  return seen.appId === txn.appId && seen.version >= txn.version
}

type PartitionValues = Record<string, string | null>

/** Where the entry does not say it, the table's own file does. */
function valuesOf(remove: RemoveFile, before: Snapshot): PartitionValues | undefined {
  if (remove.partitionValues !== undefined) return remove.partitionValues
  return before.files.find((file: AddFile) => file.path === remove.path)?.partitionValues
}

function touches(reads: ReadSet, values: PartitionValues | undefined, schema: DeltaSchema): boolean {
  switch (reads.kind) {
    case 'nothing':
      return false
    case 'wholeTable':
      return true
    case 'partitions':
      return values === undefined || reads.partitions.some((partition) => mayBeIn(partition, values, schema))
    default:
      return reads satisfies never
  }
}

/** Types whose values have one text each, whoever writes it; others may be the same value in spite of another text. */
const ONE_TEXT = new Set(['string', 'date', 'byte', 'short', 'integer', 'long', 'boolean'])

function mayBeIn(partition: PartitionValues, values: PartitionValues, schema: DeltaSchema): boolean {
  return Object.entries(partition).every(([name, wanted]) => {
    const value = values[name] || null
    const type = schema.fields.find((field) => field.name === name)?.type
    if (value === null || (wanted || null) === null) return value === (wanted || null)
    return value === wanted || typeof type !== 'string' || !ONE_TEXT.has(type)
  })
}
