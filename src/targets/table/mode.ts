// What a write mode is given, and what it answers. A mode decides which files come and go; table.ts does the rest.
import type { AddFile, DeltaSchema, ReadSet, Snapshot, TableHandle, WrittenFiles } from '../../formats/index.ts'
import type { WriteMode } from '../../plan/index.ts'
import type { SqlSession } from '../../step/index.ts'
import type { ResultRows } from './result.ts'

export interface TableWrite {
  ref: string
  handle: TableHandle
  session: SqlSession
  /** undefined when the write makes the table. */
  base: Snapshot | undefined
  /** Its files; none when the write makes it. */
  files: AddFile[]
  /** As it will be after the write; files that lack a column give null. */
  schema: DeltaSchema
  partitionColumns: string[]
  result: ResultRows
  /** Writes rows of the table's columns to new files. Those of a failed write are taken away. */
  writeFiles(query: string): Promise<WrittenFiles>
  /** Takes files away that will not be committed. */
  discard(files: AddFile[]): Promise<void>
}

export interface ModeOutcome {
  add: AddFile[]
  remove: AddFile[]
  reads: ReadSet
  /** Rows of the result that are in the table now. */
  rows: number
  metrics: Record<string, number>
  warnings: string[]
}

export type ModeOf<Name extends WriteMode['mode']> = Extract<WriteMode, { mode: Name }>
