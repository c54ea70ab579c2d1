// Where a table target lies, and what is there now.
import { Fault } from '../../base/index.ts'
import { isOwnDataFile, readSnapshot, type Snapshot, type TableHandle } from '../../formats/index.ts'
import type { SchemaMode, TableLocation } from '../../plan/index.ts'
import type { StepContext } from '../../step/index.ts'

const FIELD = 'target.table.ref'

/** @throws Fault defect TableNotBound when the storage binding forgot the table */
export function tableLocation(ref: string, { storage }: Pick<StepContext, 'storage'>): TableLocation {
  const location = storage.tables[ref]
  if (location !== undefined) return location
  throw new Fault({
    kind: 'defect',
    code: 'TableNotBound',
    message: `cannot find table "${ref}": the storage binding has no place for it; compile the pipeline again`,
  })
}

/**
 * The table as it is; undefined when the write is to make it (TGT-1).
 * @throws Fault missing TableNotFound when it is missing and may not be made; invalid NotATable when other files are there
 */
export async function existingTable(
  handle: TableHandle,
  { ref, schema }: { ref: string; schema: SchemaMode },
  { storage }: Pick<StepContext, 'storage'>,
): Promise<Snapshot | undefined> {
  const snapshot = await readSnapshot(handle)
  if (snapshot !== undefined) return snapshot
  await refuseOtherFiles(handle, ref)
  const { missingTablePolicy: policy } = storage
  if (policy === 'create' || (policy === 'schemaMode' && schema === 'overwrite')) return undefined
  const wayOut =
    policy === 'schemaMode'
      ? 'say "schema: overwrite" to make it'
      : 'make it first, or set missingTablePolicy to create'
  throw new Fault({
    kind: 'missing',
    code: 'TableNotFound',
    message: `cannot write table "${ref}": there is none at "${handle.store.root}", and the storage's missingTablePolicy is ${policy}; ${wayOut}`,
    at: { field: FIELD },
  })
}

/** Files that a killed first write left do not count: the next try must go through. */
async function refuseOtherFiles({ store }: TableHandle, ref: string): Promise<void> {
  const other = (await store.list('')).find(({ path }) => !isOwnDataFile(path))
  if (other === undefined) return
  throw new Fault({
    kind: 'invalid',
    code: 'NotATable',
    message: `cannot make table "${ref}": folder "${store.root}" holds other files (${other.path}) and no Delta table; move them away, or give the table another path in the storage`,
    at: { field: FIELD },
  })
}
