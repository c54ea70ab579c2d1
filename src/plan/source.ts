// Where a step's rows come from. One member per kind; `alias` is the name under which the body sees it.
import type { Json } from '../base/index.ts'
import type { Template } from './template.ts'

export const SOURCE_KINDS = ['table', 'file', 'temp', 'rows'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

/** Reads a Delta table: several predicates are AND-ed, before the projection (SRC-1). */
export interface TableSource {
  kind: 'table'
  alias: string
  ref: string
  where: Template[]
  /** Empty: all columns. */
  columns: string[]
  /** Time travel: a version, or the last version at or before an instant (ISO 8601, UTC). */
  at?: { version: number } | { timestamp: string }
}

/** A path below the file root (or absolute, or a glob), or the name of one of the storage's files. */
export type FileLocation = { path: string } | { file: string }

export interface CsvReadOptions {
  separator: string
  header: boolean
  nullValues: string[]
  encoding: 'utf-8' | 'utf-16' | 'latin-1'
  /** Rows looked at to find the types; null = the whole file. */
  inferSchemaLength: number | null
  skipRows: number
  /** Column → type (an SQL type name), instead of what would be found. */
  types: Record<string, string>
}
export interface JsonReadOptions {
  inferSchemaLength: number | null
}
export interface XlsxReadOptions {
  sheet: string | null
  header: boolean
}

/** Reads files; every option has its default filled in by compile (SRC-10). */
export type FileSource = { kind: 'file'; alias: string; location: FileLocation } & (
  | { format: 'csv'; options: CsvReadOptions }
  | { format: 'json'; options: JsonReadOptions }
  | { format: 'parquet'; options: Record<string, never> }
  | { format: 'xlsx'; options: XlsxReadOptions }
)

export interface TempSource {
  kind: 'temp'
  alias: string
  name: string
}

/** Rows written in the manifest; `columns` gives names and SQL types where the values alone do not. */
export interface RowsSource {
  kind: 'rows'
  alias: string
  rows: { [column: string]: Json }[]
  columns: { name: string; type: string }[]
}

export type SourcePlan = TableSource | FileSource | TempSource | RowsSource
