// A table as others see it: where it lies, and its contents at one version.
import type { ObjectStore, SqlSession } from '../../step/index.ts'
import type { AddFile, Metadata, Protocol, RemoveFile, Transaction } from './actions.ts'

/** The folder that holds a table's log, below its root. */
export const LOG_FOLDER = '_delta_log'

export interface TableHandle {
  /** Its root is the table's root. */
  store: ObjectStore
  /** Reads and writes Parquet checkpoints. Its time zone is UTC. */
  session: SqlSession
}

/** Which version: a number, or the last one at or before an instant (ISO 8601). */
export type TableVersion = { version: number } | { timestamp: string }

/** A table at one version. Never changed once made. */
export interface Snapshot {
  version: number
  /** When the version was committed: milliseconds since the epoch. */
  timestamp: number
  protocol: Protocol
  metadata: Metadata
  /** In the order in which they were added, those of a checkpoint first. */
  files: AddFile[]
  /** Files that have left the table and are not forgotten yet. */
  removed: RemoveFile[]
  /** By appId. */
  transactions: Map<string, Transaction>
}
