// Columns that a table declares as never null: our own tables have none, those of others may.
import { Fault } from '../../base/index.ts'
import { type AddFile, nullCountOf, partitionValueOf } from '../../formats/index.ts'
import type { TableWrite } from './mode.ts'

/** Takes the files away again. @throws Fault invalid NullInColumn */
export async function refuseNulls(write: TableWrite, files: AddFile[]): Promise<void> {
  const required = write.schema.fields.filter((field) => !field.nullable).map((field) => field.name)
  const broken = required.find((name) => files.some((file) => hasNulls(write, file, name)))
  if (broken === undefined) return
  await write.discard(files)
  throw new Fault({
    kind: 'invalid',
    code: 'NullInColumn',
    message: `cannot write table "${write.ref}": rows have no value in column "${broken}", which the table declares as never null; filter them out, or give them a value`,
    at: { field: 'target.table' },
  })
}

function hasNulls({ partitionColumns }: TableWrite, file: AddFile, name: string): boolean {
  return partitionColumns.includes(name) ? partitionValueOf(file, name) === null : nullCountOf(file, name) > 0
}
