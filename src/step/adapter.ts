// How an engine reads a kind of source and writes a kind of target. Each file in sources/ and targets/ exports one of
// these for every engine; a new engine is a new key that every row must have.
import type { EngineName, SourcePlan, TargetPlan, WriteResult } from '../plan/index.ts'
import type { StepContext } from './context.ts'
import type { SqlSession } from './session.ts'

/** What the engine is opened for. Everything else is closed to the step (design §5). */
export interface Access<Plan> {
  /** Absolute folders below which the engine may read and write. */
  folders(plan: Plan, context: StepContext): string[]
  /** Absolute paths of single files, besides. */
  files?(plan: Plan, context: StepContext): string[]
  /** Engine extensions that must be loaded, by name. */
  extensions?(plan: Plan): string[]
}

export interface SourceOn<Source extends SourcePlan> extends Access<Source> {
  /** @returns a SELECT that gives the source's rows, for the life of the session. @throws Fault */
  open(source: Source, session: SqlSession, context: StepContext): Promise<string>
}

export interface TargetOn<Target extends TargetPlan> extends Access<Target> {
  /** Writes all rows of the query, or nothing that anybody sees. @throws Fault */
  write(query: string, target: Target, session: SqlSession, context: StepContext): Promise<WriteResult>
}

export type SourceAdapter<Source extends SourcePlan> = Record<EngineName, SourceOn<Source>>
export type TargetAdapter<Target extends TargetPlan> = Record<EngineName, TargetOn<Target>>
