// What each engine can do. Compile refuses early what is not supported, by the reason given here; test/conformance runs
// every combination that is claimed, and fails when a claim has no case.
import type { BodyPlan, EngineName } from './plan.ts'
import type { SourceKind } from './source.ts'
import type { SchemaMode, TargetKind, WriteModeName } from './target.ts'

export const SUPPORTED = 'supported'
/** `unsupported` says why, and what to do instead; it ends a sentence. */
export type Capability = typeof SUPPORTED | { unsupported: string }

export interface EngineCapabilities {
  sources: Record<SourceKind, Capability>
  bodies: Record<BodyPlan['kind'], Capability>
  targets: Record<TargetKind, Capability>
  /** Writes to a table that is there already; a missing one is made in any schema mode. */
  writes: Record<WriteModeName, Record<SchemaMode, Capability>>
}

const OVERWRITE_NEEDS_REPLACE: Capability = {
  unsupported: 'rows that stay in the table keep its schema; use "schema: evolve", or the mode replace',
}
const ADDS_TO_WHAT_IS_THERE: Record<SchemaMode, Capability> = {
  strict: SUPPORTED,
  evolve: SUPPORTED,
  overwrite: OVERWRITE_NEEDS_REPLACE,
}

export const CAPABILITIES: Record<EngineName, EngineCapabilities> = {
  duckdb: {
    sources: { table: SUPPORTED, file: SUPPORTED, temp: SUPPORTED, rows: SUPPORTED },
    bodies: { copy: SUPPORTED, sql: SUPPORTED, code: SUPPORTED },
    targets: { table: SUPPORTED, file: SUPPORTED, temp: SUPPORTED },
    writes: {
      append: ADDS_TO_WHAT_IS_THERE,
      replace: { strict: SUPPORTED, evolve: SUPPORTED, overwrite: SUPPORTED },
      replacePartitions: ADDS_TO_WHAT_IS_THERE,
      replacePartition: ADDS_TO_WHAT_IS_THERE,
      replaceWhere: ADDS_TO_WHAT_IS_THERE,
      upsert: ADDS_TO_WHAT_IS_THERE,
    },
  },
}
