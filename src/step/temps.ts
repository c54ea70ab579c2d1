// Intermediate results of a run (semantics §7): Parquet files, one part per writing step, named by an entry that is
// written last, so that a retry replaces its own part and never doubles it (TMP-7).
import type { TempTarget } from '../plan/index.ts'

export interface TempPart {
  /** Absolute path, or URI, of the Parquet file to write. */
  path: string
  /** Makes the part the winning one of its step. */
  publish(rows: number): Promise<void>
}

export interface TempStore {
  /** Absolute folders or URIs of what holds everything of this run; the engine must be allowed to read and write below it. */
  readonly folders: string[]
  /** @throws Fault invalid CorrelationIdMissing when the scope needs an id and there is none (TMP-3) */
  begin(target: TempTarget, writer: { process: string; step: string; attempt: number }): Promise<TempPart>
  /**
   * Whether this run has written that step's part before, and it is still there: then the step need not run again.
   * Absent: such a step is always run again.
   */
  isPublished?(target: TempTarget, writer: { process: string; step: string }): Promise<boolean>
  /** Absolute paths or URIs of the winning parts, run scope before correlation scope (TMP-9). @throws Fault missing TempNotFound */
  resolve(name: string): Promise<string[]>
}
