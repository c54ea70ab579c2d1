// Data files of a table, written by the engine.
//
// Invariants
// WF1 Files lie below the table's root under names that no other write has; nobody sees them before the commit.
// WF2 A file holds no partition columns; all its rows have the partition values that its entry says.
// WF3 A write that fails or is cancelled takes its files away again, as far as it can.
import { mkdir } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { identifier, type JsonRow, textLiteral } from '../../step/index.ts'
import type { AddFile } from './actions.ts'
import { partitionValueText } from './partition-value.ts'
import type { DeltaSchema } from './schema.ts'
import { statsOf } from './stats.ts'
import type { TableHandle } from './table.ts'

export interface FilesToWrite {
  /** A SELECT that gives the table's columns, in its order and of its types. */
  query: string
  schema: DeltaSchema
  partitionColumns: string[]
  /** The table's properties. */
  configuration: Record<string, string>
  /** Bytes that a file should not exceed by much; null = 128 MiB. Not kept where the table is partitioned. */
  targetFileSize: number | null
  now: () => number
  newId: () => string
}

export interface WrittenFiles {
  files: AddFile[]
  rows: number
  bytes: number
}

const DEFAULT_FILE_SIZE = 128 * 1024 * 1024
const OWN_FILE = /(^|\/)part-[0-9a-f-]{36}-[0-9a-f-]{36}\.parquet$/

/** True for a name that data files of ours have: a write that was killed leaves such behind. */
export const isOwnDataFile = (path: string): boolean => OWN_FILE.test(path)

/** Writes the rows of a query to new files. @throws Fault of the engine, among them transient DiskFull */
export async function writeFiles(handle: TableHandle, request: FilesToWrite): Promise<WrittenFiles> {
  const { store, session } = handle
  const name = `part-${request.newId()}`
  if (isAbsolute(store.root)) await mkdir(store.root, { recursive: true })
  try {
    const copied = await session.rows(
      `COPY (${request.query}) TO ${textLiteral(store.root)} (${copyOptions(request, name).join(', ')})`,
    )
    const files = copied.map((row) => addFile(store.root, row, request))
    return {
      files,
      rows: copied.reduce((sum, row) => sum + Number(row['count']), 0),
      bytes: files.reduce((sum, file) => sum + file.size, 0),
    }
  } catch (thrown) {
    await removeNamed(handle, name)
    throw thrown
  }
}

/** Takes away files that no commit refers to, as far as it can. */
export async function discardFiles({ store }: TableHandle, files: AddFile[]): Promise<void> {
  for (const { path } of files) await store.delete(path).catch(() => undefined)
}

async function removeNamed({ store }: TableHandle, name: string): Promise<void> {
  const listed = await store.list('').catch(() => [])
  const own = listed.filter(({ path }) => path.startsWith(name, path.lastIndexOf('/') + 1))
  for (const { path } of own) await store.delete(path).catch(() => undefined)
}

function copyOptions({ partitionColumns, targetFileSize }: FilesToWrite, name: string): string[] {
  const always = [
    'FORMAT parquet',
    'COMPRESSION snappy',
    'RETURN_STATS true',
    // not numbered: a null and the text that stands for it in a folder's name share that folder
    `FILENAME_PATTERN ${textLiteral(`${name}-{uuid}`)}`,
    // the names are new: nothing is overwritten, and the engine need not look whether the folder is empty
    'OVERWRITE_OR_IGNORE true',
  ]
  if (partitionColumns.length > 0) return [...always, `PARTITION_BY (${partitionColumns.map(identifier).join(', ')})`]
  return [...always, 'WRITE_EMPTY_FILE false', `FILE_SIZE_BYTES ${targetFileSize ?? DEFAULT_FILE_SIZE}`]
}

function addFile(root: string, row: JsonRow, request: FilesToWrite): AddFile {
  const { schema, partitionColumns, configuration } = request
  return {
    path: String(row['filename']).slice(root.length + 1),
    partitionValues: partitionValues(row['partition_keys'], schema, partitionColumns),
    size: Number(row['file_size_bytes']),
    modificationTime: request.now(),
    dataChange: true,
    stats: statsOf(row, { schema, partitionColumns, configuration }),
  }
}

function partitionValues(keys: unknown, schema: DeltaSchema, names: string[]): Record<string, string | null> {
  const shown = new Map<string, string | null>()
  if (Array.isArray(keys)) {
    for (const entry of keys as { key?: unknown; value?: unknown }[])
      shown.set(String(entry.key), typeof entry.value === 'string' ? entry.value : null)
  }
  return Object.fromEntries(
    names.map((name) => {
      const type = schema.fields.find((field) => field.name === name)?.type ?? 'string'
      return [name, partitionValueText(shown.get(name) ?? null, type)]
    }),
  )
}
