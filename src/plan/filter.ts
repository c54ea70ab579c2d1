// include: only some steps or processes of a plan (FLT-1…4). Declared order is kept, groups of one become plain items by
// themselves (a stage of one), empty stages and processes vanish. The plan that is filtered is left as it is.
import { hashPlan } from './hash.ts'
import type { Plan, ProcessPlan } from './plan.ts'

/** @param include names of steps or processes, all of them known */
export function filterPlan(plan: Plan, include: readonly string[]): Plan {
  const wanted = new Set(include)
  const skipped: Plan['skipped'] = []
  const keepSteps = (process: ProcessPlan): ProcessPlan => {
    if (wanted.has(process.name)) return process
    const stages = process.stages.map((members) =>
      members.filter(({ name }) => {
        if (!wanted.has(name)) skipped.push({ process: process.name, step: name })
        return wanted.has(name)
      }),
    )
    return { name: process.name, stages: stages.filter((members) => members.length > 0) }
  }
  const stages = plan.stages
    .map((members) => members.map(keepSteps).filter((process) => process.stages.length > 0))
    .filter((members) => members.length > 0)
  return hashPlan({ ...plan, include: [...include], stages, skipped: [...plan.skipped, ...skipped] })
}
