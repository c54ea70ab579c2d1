// The pipeline as written → stages of placed steps; names are checked on the way.
import type { Path, PipelineSpec, ProcessSpec, StepSpec } from '../manifest/index.ts'
import type { Findings } from './findings.ts'
import type { PlacedStages, PlacedStep } from './order.ts'
import { compileStep } from './step.ts'
import type { StepScope } from './step-scope.ts'

type Context = Pick<StepScope, 'placeholders' | 'findings' | 'facts' | 'storage'>
type Placed<T> = { spec: T; path: Path }

/** Steps that can't be planned are left out: why has been reported. */
export function compilePipeline(spec: PipelineSpec, context: Context): PlacedStages {
  checkNames(spec, context.findings)
  return processStages(spec).map((members) =>
    members.map(({ spec: process, path }) => ({
      name: process.name,
      stages: stepStages(process, path)
        .map((steps) =>
          steps.map((step) => placedStep(step, process.name, context)).filter((step) => step !== undefined),
        )
        .filter((steps) => steps.length > 0),
    })),
  )
}

function placedStep({ spec, path }: Placed<StepSpec>, process: string, context: Context): PlacedStep | undefined {
  const plan = compileStep({ ...context, process, step: spec, path })
  return plan === undefined ? undefined : { plan, path }
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

function checkNames(spec: PipelineSpec, findings: Findings): void {
  const processes = new Set<string>()
  const steps = new Map<string, string>()
  for (const { process, steps: members } of outline(spec)) {
    const { name } = process.spec
    if (processes.has(name))
      findings.error('DuplicateProcessName', [...process.path, 'name'], {
        message: `there are two processes "${name}"`,
        hint: 'give each its own name',
      })
    processes.add(name)
    for (const step of members) {
      const other = steps.get(step.spec.name)
      if (other !== undefined) {
        findings.error('DuplicateStepName', [...step.path, 'name'], {
          message: `there are two steps "${step.spec.name}", in process "${other}" and in process "${name}"`,
          hint: 'give each its own name: include, events and commits go by it',
        })
      }
      steps.set(step.spec.name, name)
    }
  }
  for (const { steps: members } of outline(spec)) {
    for (const { spec: step, path } of members) {
      if (!processes.has(step.name)) continue
      // A process of one step may well have its name: including either means the same.
      const owner = outline(spec).find(({ process }) => process.spec.name === step.name)
      if (owner?.steps.length === 1 && owner.steps[0]?.spec.name === step.name) continue
      findings.error('AmbiguousName', [...path, 'name'], {
        message: `step "${step.name}" has the name of a process`,
        hint: 'rename one of them: include could mean either',
      })
    }
  }
}
