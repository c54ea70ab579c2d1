// The steps of a pipeline with what is known to have happened before each: the same walk for temps, tables and files.
//
// A step sees what all earlier stages did, and nothing of its siblings: of a group of steps, or of other processes that
// run at the same time.
import type { Path } from '../manifest/index.ts'
import type { StepPlan } from '../plan/index.ts'

/** A planned step and where it stands in the document. */
export interface PlacedStep {
  plan: StepPlan
  path: Path
}
/** Processes in stages, steps in stages: the shape of the plan, with places. */
export type PlacedStages = { name: string; stages: PlacedStep[][] }[][]

/** Every pair of steps that may run at the same time, in declared order. */
export function concurrentPairs(stages: PlacedStages): [PlacedStep, PlacedStep][] {
  const pairs: [PlacedStep, PlacedStep][] = []
  for (const processes of stages) {
    for (const process of processes)
      for (const members of process.stages) pairs.push(...pairsAmong(members.map((member) => [member])))
    pairs.push(...pairsAmong(processes.map((process) => process.stages.flat())))
  }
  return pairs
}

/** Pairs of members of different groups. */
function pairsAmong<T>(groups: T[][]): [T, T][] {
  return groups.flatMap((group, i) =>
    groups.slice(i + 1).flatMap((later) => group.flatMap((a) => later.map((b): [T, T] => [a, b]))),
  )
}

/** Calls `visit` for each step with all steps that have ended when it starts, in declared order. */
export function walk(stages: PlacedStages, visit: (step: PlacedStep, before: readonly PlacedStep[]) => void): void {
  const done: PlacedStep[] = []
  for (const processes of stages) {
    const ended: PlacedStep[] = []
    for (const process of processes) {
      const seen = [...done]
      for (const members of process.stages) {
        for (const member of members) visit(member, seen)
        seen.push(...members)
        ended.push(...members)
      }
    }
    done.push(...ended)
  }
}
