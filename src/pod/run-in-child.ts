// Runs one step in a child process, so that an engine that dies takes neither the outcome nor the agent with it.
import type { StepOutcome, StepTask } from '../plan/index.ts'
import { EngineChild, type LogLine } from './engine-child.ts'

/** How long a child may take to stop before it is killed: it gives a stuck engine ten seconds; a pod, us thirty. */
const STOP_MS = 15_000

export interface OneStep {
  task: StepTask
  workFolder: string
  memoryLimit?: string
}

export async function runInChild(order: OneStep, signal: AbortSignal, log: LogLine): Promise<StepOutcome> {
  const { task, workFolder, memoryLimit } = order
  const child = new EngineChild({ steps: 1, ...(memoryLimit === undefined ? {} : { memoryLimit }) }, log)
  const stop = () => child.stop(STOP_MS)
  signal.addEventListener('abort', stop)
  const ended = child.run({ task, workFolder, leased: false })
  // Told to stop before there was a child to tell.
  if (signal.aborted) stop()
  const outcome = await ended
  signal.removeEventListener('abort', stop)
  child.kill()
  await child.ended
  return outcome
}
