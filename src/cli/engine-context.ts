// The context in which the CLI asks the engine outside of a run: to bind a step, or to read a table.
import { randomUUID } from 'node:crypto'
import type { Plan, StepPlan, StorageBinding } from '../plan/index.ts'
import type { StepContext } from '../step/index.ts'

export interface ContextInput {
  plan: Pick<Plan, 'pipeline' | 'hash' | 'params'>
  binding: StorageBinding
  /** Scratch folder; exists. */
  folder: string
  signal: AbortSignal
  correlationId: string | null
}

export async function contextMaker({
  plan,
  binding,
  folder,
  signal,
  correlationId,
}: ContextInput): Promise<(step: StepPlan) => StepContext> {
  const { openFileStore } = await import('../formats/index.ts')
  const { FolderTemps } = await import('../runner/index.ts')
  const runId = 'none'
  const temps = new FolderTemps({ root: binding.tempRoot, runId, correlationId })
  return (step) => ({
    info: {
      runId,
      correlationId,
      attempt: 1,
      lastAttempt: true,
      pipeline: plan.pipeline,
      planHash: plan.hash,
      process: step.process,
      step: step.name,
      processRunId: runId,
      stepRunId: runId,
      params: plan.params,
    },
    storage: binding,
    openStore: openFileStore,
    temps,
    signal,
    now: Date.now,
    newId: randomUUID,
    log: { info: () => {}, warn: () => {} },
    onProgress: () => {},
    assertMayCommit: () => {},
    workFolder: folder,
  })
}
