// Names of processes and steps: one name, one meaning. `include`, events and commits go by them.
import type { PipelineSpec } from '../manifest/index.ts'
import type { Findings } from './findings.ts'
import { outline } from './pipeline.ts'

export function checkNames(spec: PipelineSpec, findings: Findings): void {
  const processes = new Map<string, { steps: string[] }>()
  const owners = new Map<string, string>()
  for (const { process, steps } of outline(spec)) {
    const { name } = process.spec
    if (processes.has(name))
      findings.error('DuplicateProcessName', [...process.path, 'name'], {
        message: `there are two processes "${name}"`,
        hint: 'give each its own name',
      })
    processes.set(name, { steps: steps.map((step) => step.spec.name) })
    for (const step of steps) {
      const owner = owners.get(step.spec.name)
      if (owner === undefined) {
        owners.set(step.spec.name, name)
        continue
      }
      const where = owner === name ? `in process "${name}"` : `in process "${owner}" and in process "${name}"`
      findings.error('DuplicateStepName', [...step.path, 'name'], {
        message: `there are two steps "${step.spec.name}", ${where}`,
        hint: 'give each its own name: include, events and commits go by it',
      })
    }
  }
  checkAmbiguous(spec, processes, findings)
}

function checkAmbiguous(
  spec: PipelineSpec,
  processes: ReadonlyMap<string, { steps: string[] }>,
  findings: Findings,
): void {
  for (const { process, steps } of outline(spec)) {
    for (const step of steps) {
      const { name } = step.spec
      const namesake = processes.get(name)
      if (namesake === undefined) continue
      // A process of one step may well have its name: including either means the same.
      if (process.spec.name === name && namesake.steps.length === 1) continue
      findings.error('AmbiguousName', [...step.path, 'name'], {
        message: `step "${name}" has the name of a process`,
        hint: 'rename one of them: include could mean either',
      })
    }
  }
}
