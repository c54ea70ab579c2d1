// All that is needed to run one step somewhere else: what travels to a worker, and to the engine's own process.
import type { StorageBinding } from './binding.ts'
import type { Plan, StepPlan } from './plan.ts'
import type { RunIdentity } from './run.ts'

export interface StepTask {
  plan: Pick<Plan, 'pipeline' | 'hash' | 'params'>
  /** Of the places in it, those that the step names. */
  binding: StorageBinding
  step: StepPlan
  run: RunIdentity
}

export function taskOf(
  step: StepPlan,
  { plan, binding, run }: { plan: StepTask['plan']; binding: StorageBinding; run: RunIdentity },
): StepTask {
  const { pipeline, hash, params } = plan
  return { plan: { pipeline, hash, params }, binding: usedBy(step, binding), step, run }
}

/** A storage may list a thousand tables; a step names a few. */
function usedBy({ sources, target }: StepPlan, binding: StorageBinding): StorageBinding {
  const places = [...sources, target]
  const tables = new Set(places.flatMap((place) => (place.kind === 'table' ? [place.ref] : [])))
  const files = new Set(
    places.flatMap((place) => (place.kind === 'file' && 'file' in place.location ? [place.location.file] : [])),
  )
  return { ...binding, tables: only(binding.tables, tables), files: only(binding.files, files) }
}

const only = <T>(of: Record<string, T>, names: ReadonlySet<string>): Record<string, T> =>
  Object.fromEntries(
    [...names].flatMap((name): [string, T][] => {
      const place = Object.hasOwn(of, name) ? of[name] : undefined
      return place === undefined ? [] : [[name, place]]
    }),
  )
