// Where a step's rows go, and how.
import type { FileLocation } from './source.ts'
import type { Template } from './template.ts'
import type { ScalarValue } from './value.ts'

export const TARGET_KINDS = ['table', 'file', 'temp'] as const
export type TargetKind = (typeof TARGET_KINDS)[number]

export const WRITE_MODES = [
  'append',
  'replace',
  'replacePartitions',
  'replacePartition',
  'replaceWhere',
  'upsert',
] as const
export type WriteModeName = (typeof WRITE_MODES)[number]

export const SCHEMA_MODES = ['strict', 'evolve', 'overwrite'] as const
export type SchemaMode = (typeof SCHEMA_MODES)[number]

/** `partitionBy` is used when the write creates the table; on an existing one it must agree with it. */
export type WriteMode =
  /** Adds rows. */
  | { mode: 'append'; partitionBy: string[] }
  /** Replaces the whole contents; an empty result leaves an empty table (design §12). */
  | { mode: 'replace'; partitionBy: string[] }
  /** Replaces every combination of `by` that occurs in the rows (RP-1…3). */
  | { mode: 'replacePartitions'; by: string[] }
  /** Replaces the rows with the given values; rows outside them are refused (RP-6). */
  | { mode: 'replacePartition'; values: { column: string; value: ScalarValue }[] }
  /** Replaces the rows that satisfy the predicate; new rows must satisfy it (RW-1). */
  | { mode: 'replaceWhere'; predicate: Template; partitionBy: string[] }
  /** Updates by key, inserts the rest (UP-1…7). `include`: only these are updated; `exclude`: these never; both empty: all. */
  | { mode: 'upsert'; keys: string[]; partitionBy: string[]; include: string[]; exclude: string[] }

export interface TableTarget {
  kind: 'table'
  ref: string
  write: WriteMode
  schema: SchemaMode
  /** strict only: columns that the table lacks are dropped instead of refused. */
  dropExtraColumns: boolean
  /** An empty result is an error instead of what the mode says. */
  failOnEmpty: boolean
}

export interface CsvWriteOptions {
  separator: string
  header: boolean
  nullValue: string
}
export interface ParquetWriteOptions {
  compression: 'zstd' | 'snappy' | 'gzip' | 'uncompressed'
}

/** One file, always replaced as a whole (FIL-1): written beside its name, then renamed. */
export type FileTarget = { kind: 'file'; location: FileLocation } & (
  | { format: 'csv'; options: CsvWriteOptions }
  | { format: 'json'; options: Record<string, never> }
  | { format: 'parquet'; options: ParquetWriteOptions }
  | { format: 'xlsx'; options: { header: boolean } }
)

export const TEMP_SCOPES = ['run', 'correlation'] as const
export type TempScope = (typeof TEMP_SCOPES)[number]

export interface TempTarget {
  kind: 'temp'
  name: string
  scope: TempScope
  /** Fan-in: several steps each add their part. */
  append: boolean
}

export type TargetPlan = TableTarget | FileTarget | TempTarget
