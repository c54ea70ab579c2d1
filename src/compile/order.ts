// The steps of a pipeline with what is known to have happened before each: the same walk for temps, tables and files.
//
// A step sees what all earlier stages did, and nothing of its siblings: of a group of steps, or of other processes that
// run at the same time.
import type { Path, StepSpec } from '../manifest/index.ts'
import type { StepPlan } from '../plan/index.ts'

/** A step where it stands in the document. */
export interface PlacedStep {
  step: StepSpec
  process: string
  path: Path
  /** undefined: it can't be planned, and why has been reported. What it reads and writes is still known from its spec. */
  plan: StepPlan | undefined
}
/** Processes in stages, steps in stages: the shape of the plan, with places. */
export type PlacedStages = { name: string; stages: PlacedStep[][] }[][]

/** In declared order. */
export const allSteps = (stages: PlacedStages): PlacedStep[] =>
  stages.flat().flatMap((process) => process.stages.flat())

/** Tells of two steps whether they may run at the same time. */
export function concurrency(stages: PlacedStages): (a: PlacedStep, b: PlacedStep) => boolean {
  const positions = new Map<PlacedStep, { stage: number; process: number; group: number }>()
  for (const [stage, processes] of stages.entries())
    for (const [process, { stages: groups }] of processes.entries())
      for (const [group, members] of groups.entries())
        for (const member of members) positions.set(member, { stage, process, group })
  return (a, b) => {
    const [one, other] = [positions.get(a), positions.get(b)]
    if (a === b || one?.stage !== other?.stage) return false
    return one?.process !== other?.process || one?.group === other?.group
  }
}

/**
 * Calls `visit` for each step in declared order, with what `made` says of all steps that have ended when it starts, by name.
 */
export function walk<T>(
  stages: PlacedStages,
  made: (step: PlacedStep) => [name: string, what: T] | undefined,
  visit: (step: PlacedStep, known: ReadonlyMap<string, readonly T[]>) => void,
): void {
  const known = new Map<string, readonly T[]>()
  const add = (to: Map<string, readonly T[]>, step: PlacedStep) => {
    const entry = made(step)
    if (entry !== undefined) to.set(entry[0], [...(to.get(entry[0]) ?? []), entry[1]])
  }
  for (const processes of stages) {
    for (const process of processes) {
      const own = new Map(known)
      for (const members of process.stages) {
        for (const member of members) visit(member, own)
        for (const member of members) add(own, member)
      }
    }
    for (const step of allSteps([processes])) add(known, step)
  }
}
