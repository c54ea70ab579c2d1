// What a commit asks for, and what became of it.
import type { AddFile, Metadata, Protocol } from './actions.ts'
import type { Snapshot, TableHandle } from './table.ts'

/** The files and facts that a commit puts in place of others. */
export interface TableChange {
  add: AddFile[]
  /** Files of the base snapshot that leave the table. */
  remove: AddFile[]
  /** A new schema, or the first one. */
  metadata?: Metadata
  protocol?: Protocol
  txn?: { appId: string; version: number }
}

/**
 * Which rows the writer looked at when it made the change. If somebody else changes any of them first, the change is
 * wrong and must be made anew; if not, it holds on top of theirs too.
 */
export type ReadSet =
  /** A blind append. */
  | { kind: 'nothing' }
  | { kind: 'wholeTable' }
  /** Every file whose partition values contain one of these; a column that is left out may have any value. */
  | { kind: 'partitions'; partitions: Record<string, string | null>[] }

/** What the history shows of a commit. */
export interface CommitNote {
  /** As Spark names them: WRITE, MERGE, CREATE TABLE AS SELECT, … */
  operation: string
  parameters: Record<string, string>
  metrics: Record<string, string>
  run?: { runId: string; process: string; step: string; attempt: number; planHash: string }
}

export interface CommitRequest {
  handle: TableHandle
  /** What the change was made from; undefined when there is no table yet. */
  base: Snapshot | undefined
  change: TableChange
  reads: ReadSet
  info: CommitNote
  now: () => number
  newId: () => string
  /** Awaited right before each try to make the commit visible; it may throw. */
  assertMayCommit?: () => void | Promise<void>
}

export type CommitResult =
  /** `warnings`: what went wrong after the commit and does not undo it (a checkpoint that could not be written). */
  | { kind: 'committed'; version: number; snapshot: Snapshot; warnings: string[] }
  /** The `txn` is in the table already: nothing was written. `version` is one that has it. */
  | { kind: 'alreadyCommitted'; version: number }
  /** Somebody else changed what this change rests on; one line why. Read the table anew and make the change again. */
  | { kind: 'conflict'; reason: string }
