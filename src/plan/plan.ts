// The plan: what a run will do, as plain data. The only thing that the operator side and the step side share.
//
// Invariants
// P1 A plan is JSON: it survives JSON.parse(JSON.stringify(plan)) unchanged.
// P2 It says nothing of where things lie: that is the storage binding, hashed apart. So the hash is the same everywhere.
// P3 Stages run in order; the members of a stage run at the same time. A stage of one is a plain item (FLT-4).
import type { SourcePlan } from './source.ts'
import type { TargetPlan } from './target.ts'
import type { Template } from './template.ts'
import type { ParamValues } from './value.ts'

export const PLAN_VERSION = 1

export const ENGINES = ['duckdb'] as const
export type EngineName = (typeof ENGINES)[number]

/** What happens between the sources and the target. */
export type BodyPlan =
  /** The only source, as it is. */
  | { kind: 'copy' }
  /** One SELECT in the engine's dialect; the sources are views under their aliases. */
  | { kind: 'sql'; sql: Template }
  /** A module's export, `module` being a path below the manifest's folder. */
  | { kind: 'code'; module: string; export: string }
  /** TypeScript or JavaScript text of a module whose default export is the function. */
  | { kind: 'code'; inline: string }

export interface StepPlan {
  name: string
  process: string
  sources: SourcePlan[]
  body: BodyPlan
  target: TargetPlan
  /** Milliseconds; null = no limit of its own. */
  timeoutMs: number | null
}

export interface ProcessPlan {
  name: string
  stages: StepPlan[][]
}

export interface Plan {
  version: typeof PLAN_VERSION
  /** `sha256:…` over everything else in the plan. */
  hash: string
  pipeline: string
  engine: EngineName
  params: ParamValues
  /** As the user gave it; null = everything. */
  include: string[] | null
  stages: ProcessPlan[][]
  /** What `include` left out, in declared order. */
  skipped: SkippedStep[]
}

export interface SkippedStep {
  process: string
  step: string
  /** Its place (from 0) among all steps of the pipeline in declared order, so that reports can show it where it stands. */
  position: number
}

/** The steps of a plan in declared order, groups flattened in place (PLN-2). */
export function stepsOf(plan: Pick<Plan, 'stages'>): StepPlan[] {
  return plan.stages.flat().flatMap((process) => process.stages.flat())
}

/** All steps in declared order, the skipped ones in their places. */
export function declaredSteps(
  plan: Pick<Plan, 'stages' | 'skipped'>,
): { process: string; step: string; skipped: boolean }[] {
  const declared = stepsOf(plan).map(({ process, name }) => ({ process, step: name, skipped: false }))
  for (const { process, step, position } of plan.skipped.toSorted((a, b) => a.position - b.position))
    declared.splice(position, 0, { process, step, skipped: true })
  return declared
}
