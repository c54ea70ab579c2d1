// How an engine process can end before its step does, as errors of the step.
import { showDuration } from '../base/index.ts'
import type { OutcomeError } from '../plan/index.ts'

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

export const INTERRUPTED: OutcomeError = {
  kind: 'transient',
  code: 'Interrupted',
  message: 'the step was told to stop, did not, and was killed',
}

export const timedOut = (timeoutMs: number): OutcomeError => ({
  kind: 'transient',
  code: 'TimedOut',
  message: `the step did not end within its timeout of ${showDuration(timeoutMs)}, nor when it was told to, and was killed; raise the step's timeout, or give it less to do`,
})

/** The kernel kills with SIGKILL when memory runs out; anything else is the engine's own fall. */
export function crashed({ code, signal }: Ending): OutcomeError {
  if (signal === 'SIGKILL')
    return {
      kind: 'transient',
      code: 'OutOfMemory',
      message: "the engine's process was killed, most likely because memory ran out; raise the step's memory limit",
    }
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  return {
    kind: 'transient',
    code: 'EngineCrashed',
    message: `the engine's process ended with ${how} before the step was done; if a higher memory limit does not help, please report it`,
  }
}
