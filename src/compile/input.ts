// What compile is given, and what it gives back. Everything it knows of the world is a value in `facts`.
import type { PipelineSpec, RunSpec, StorageSpec } from '../manifest/index.ts'
import type { Plan, StorageBinding } from '../plan/index.ts'
import type { Problem } from './problem.ts'

export interface CompileFacts {
  /** Absolute folder that relative places of the storage start from. */
  workingFolder: string
  /** Absolute folder that relative file paths and code modules start from, unless the storage says otherwise. */
  manifestFolder: string
  /** Module path as written → does it exist? Modules that are not listed are not checked. */
  modules?: Record<string, boolean>
  /** Table ref → is the table there? When given, sources and targets are checked against it (CAT-1…6). */
  tables?: Record<string, 'exists' | 'missing'>
}

export interface CompileInput {
  pipeline: { name: string; spec: PipelineSpec }
  /** Absent: everything lies below `.loom` of the working folder. */
  storage?: StorageSpec
  run: Pick<RunSpec, 'params' | 'include' | 'engine' | 'correlationId'>
  facts: CompileFacts
}

export type CompileResult =
  | { ok: true; plan: Plan; binding: StorageBinding; warnings: Problem[] }
  /** Errors and warnings. */
  | { ok: false; problems: Problem[] }
