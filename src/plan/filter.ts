// include: only some steps or processes of a plan (FLT-1…4). Declared order is kept, groups of one become plain items by
// themselves (a stage of one), empty stages and processes vanish. The plan that is filtered is left as it is.
import { hashPlan } from './hash.ts'
import { declaredSteps, type Plan, type ProcessPlan } from './plan.ts'

/** @param include names of steps or processes, all of them known */
export function filterPlan(plan: Plan, include: readonly string[]): Plan {
  const wanted = new Set(include)
  const keeps = (process: string, step: string): boolean => wanted.has(process) || wanted.has(step)
  const skipped = declaredSteps(plan).flatMap(({ process, step, skipped }, position) =>
    skipped || !keeps(process, step) ? [{ process, step, position }] : [],
  )
  const keepSteps = (process: ProcessPlan): ProcessPlan => {
    const stages = process.stages.map((members) => members.filter(({ name }) => keeps(process.name, name)))
    return { name: process.name, stages: stages.filter((members) => members.length > 0) }
  }
  const stages = plan.stages
    .map((members) => members.map(keepSteps).filter((process) => process.stages.length > 0))
    .filter((members) => members.length > 0)
  return hashPlan({ ...plan, include: [...include], stages, skipped })
}
