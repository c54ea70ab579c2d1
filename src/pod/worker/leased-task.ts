// The step that a lease is for, as it travels in it.
import { Fault } from '../../base/index.ts'
import { type LeaseId, unpackTask } from '../../dispatch/index.ts'
import { outcomeError, type StepOutcome, type StepTask } from '../../plan/index.ts'

/** undefined: damaged, or not what the lease is for; then its commits would carry another name. */
export function leasedTask(id: LeaseId, packed: string): StepTask | undefined {
  const task = unpackTask(packed)
  if (task?.step === undefined || task.run === undefined) return undefined
  const { step, run } = task
  const isTheirs = step.process === id.process && step.name === id.step && (run.uid ?? run.runId) === id.runUid
  return isTheirs ? task : undefined
}

/** The outcome of a step whose task is none. */
export function damaged({ process, step }: LeaseId): StepOutcome {
  const fault = new Fault({
    kind: 'defect',
    code: 'CorruptPlan',
    message: `cannot run step "${step}": what the worker was given for it is damaged; give the operator and its workers one image`,
  })
  return { process, step, state: 'Failed', durationMs: 0, error: outcomeError(fault) }
}
