// One step: its plan and its context in, its outcome out. Never throws: what goes wrong is the outcome.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asFault, Fault, showDuration } from '../base/index.ts'
import { outcomeError, type StepOutcome, type StepPlan } from '../plan/index.ts'
import type { Engine, StepContext } from '../step/index.ts'

/** Everything of a step's context that does not depend on the step's own time and folder. */
export type StepSurroundings = Omit<StepContext, 'signal' | 'workFolder' | 'assertMayCommit'> & {
  /** Folder in which the step's own scratch folder is made. */
  workRoot: string
  /** Aborted when the run is to stop. */
  signal: AbortSignal
}

export async function runStep(step: StepPlan, engine: Engine, surroundings: StepSurroundings): Promise<StepOutcome> {
  const { workRoot, signal, now, ...rest } = surroundings
  const startedAt = now()
  const about = { process: step.process, step: step.name }
  const timeout = stepTimeout(step)
  const stop = AbortSignal.any([signal, ...(timeout === undefined ? [] : [timeout.signal])])
  const workFolder = join(workRoot, rest.info.stepRunId)
  const assertMayCommit = () => {
    if (stop.aborted)
      throw new Fault({
        kind: 'conflict',
        code: 'LeaseLost',
        message: `cannot commit step "${step.name}": it was told to stop`,
      })
  }
  try {
    await mkdir(workFolder, { recursive: true })
    const write = await engine.runStep(step, { ...rest, now, signal: stop, workFolder, assertMayCommit })
    return { ...about, state: 'Succeeded', write, durationMs: now() - startedAt }
  } catch (thrown) {
    const durationMs = now() - startedAt
    if (signal.aborted) return { ...about, state: 'Cancelled', durationMs, error: outcomeError(interrupted(step)) }
    const fault = timeout?.signal.aborted === true ? timedOut(step) : asFault(thrown)
    return { ...about, state: 'Failed', durationMs, error: outcomeError(fault) }
  } finally {
    timeout?.clear()
    await rm(workFolder, { recursive: true, force: true }).catch(() => undefined)
  }
}

function stepTimeout({ timeoutMs }: StepPlan): { signal: AbortSignal; clear: () => void } | undefined {
  if (timeoutMs === null) return undefined
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), timeoutMs)
  return { signal: controller.signal, clear: () => clearTimeout(timer) }
}

const interrupted = ({ name }: StepPlan): Fault =>
  new Fault({ kind: 'transient', code: 'Interrupted', message: `step "${name}" was interrupted; run again to go on` })

const timedOut = ({ name, timeoutMs }: StepPlan): Fault =>
  new Fault({
    kind: 'transient',
    code: 'TimedOut',
    message: `step "${name}" took longer than its timeout, ${showDuration(timeoutMs ?? 0)}; raise its timeout, or give it less to do`,
  })
