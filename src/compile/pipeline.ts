// The pipeline as written → stages of placed steps, each planned as far as it can be.
import type { Path, PipelineSpec, ProcessSpec, StepSpec } from '../manifest/index.ts'
import type { PlacedStages } from './order.ts'
import { compileStep } from './step.ts'
import type { StepScope } from './step-scope.ts'

type Context = Pick<StepScope, 'placeholders' | 'findings' | 'facts' | 'storage' | 'engine'>
type Placed<T> = { spec: T; path: Path }

export function compilePipeline(spec: PipelineSpec, context: Context): PlacedStages {
  return processStages(spec).map((members) =>
    members.map(({ spec: { name, steps }, path }) => ({
      name,
      stages: stepStages({ name, steps }, path).map((group) =>
        group.map(({ spec: step, path: stepPath }) => ({
          step,
          process: name,
          path: stepPath,
          plan: compileStep({ ...context, process: name, step, path: stepPath }),
        })),
      ),
    })),
  )
}

function processStages(spec: PipelineSpec): Placed<ProcessSpec>[][] {
  return spec.processes.map((item, i) => {
    const path: Path = ['spec', 'processes', i]
    if (!('parallel' in item)) return [{ spec: item, path }]
    return item.parallel.map((process, j) => ({ spec: process, path: [...path, 'parallel', j] }))
  })
}

function stepStages(process: ProcessSpec, processPath: Path): Placed<StepSpec>[][] {
  return process.steps.map((item, i) => {
    const path: Path = [...processPath, 'steps', i]
    if (!('parallel' in item)) return [{ spec: item, path }]
    return item.parallel.map((step, j) => ({ spec: step, path: [...path, 'parallel', j] }))
  })
}

/** All processes with their steps, in declared order, and where they stand. */
export function outline(spec: PipelineSpec): { process: Placed<ProcessSpec>; steps: Placed<StepSpec>[] }[] {
  return processStages(spec)
    .flat()
    .map((process) => ({ process, steps: stepStages(process.spec, process.path).flat() }))
}
