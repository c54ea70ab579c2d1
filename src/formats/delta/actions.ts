// What a log entry is made of, as values: one type per action that we understand.
import type { DeltaSchema } from './schema.ts'

/** One data file of the table. */
export interface AddFile {
  /** Decoded: relative to the table's root with `/`, or absolute. */
  path: string
  /** By partition column, in Delta's text form (partition-value.ts); null is null. */
  partitionValues: Record<string, string | null>
  size: number
  /** Milliseconds since the epoch. */
  modificationTime: number
  /** False: rows were only moved here from other files. */
  dataChange: boolean
  /** Raw JSON text (stats.ts): its 64-bit numbers do not survive JSON.parse. */
  stats?: string
  tags?: Record<string, string | null>
  /** The rows of the file that are deleted, where another writer keeps them apart: such a file can't be read here. */
  deletionVector?: unknown
}

/** A data file that left the table. It stays in checkpoints until its retention is over, so that nobody deletes it early. */
export interface RemoveFile {
  path: string
  /** Milliseconds since the epoch. */
  deletionTimestamp?: number
  dataChange: boolean
  extendedFileMetadata?: boolean
  partitionValues?: Record<string, string | null>
  size?: number
  tags?: Record<string, string | null>
  deletionVector?: unknown
}

export interface Metadata {
  id: string
  name?: string
  description?: string
  schema: DeltaSchema
  partitionColumns: string[]
  configuration: Record<string, string>
  /** Milliseconds since the epoch. */
  createdTime?: number
}

export interface Protocol {
  minReaderVersion: number
  minWriterVersion: number
  readerFeatures?: string[]
  writerFeatures?: string[]
}

/** How far an application has come in this table: the same (appId, version) is never committed twice. */
export interface Transaction {
  appId: string
  version: number
  /** Milliseconds since the epoch. */
  lastUpdated?: number
}

/** `commitInfo`: free text for people, but for our own commit id. Whoever wrote it decides what is in it. */
export type CommitInfo = Record<string, unknown>

export type Action =
  | { kind: 'add'; add: AddFile }
  | { kind: 'remove'; remove: RemoveFile }
  | { kind: 'metadata'; metadata: Metadata }
  | { kind: 'protocol'; protocol: Protocol }
  | { kind: 'transaction'; transaction: Transaction }
  | { kind: 'commitInfo'; commitInfo: CommitInfo }
  /** An action that we do not know; kept by name only. */
  | { kind: 'other'; name: string }
