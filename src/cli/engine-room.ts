// Asks the engine outside of a run: to bind a step, or to read a table. Its scratch folder lies outside of everything that
// a storage names, and is gone afterwards.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDbEngine } from '../engine/index.ts'
import type { Plan, StepPlan, StorageBinding } from '../plan/index.ts'
import type { StepContext } from '../step/index.ts'
import type { Io } from './io.ts'

export interface EngineRoomInput {
  plan: Pick<Plan, 'pipeline' | 'hash' | 'params'>
  binding: StorageBinding
  correlationId: string | null
  io: Pick<Io, 'signal' | 'env'>
}

export interface EngineRoom {
  engine: DuckDbEngine
  context: (step: StepPlan) => StepContext
}

export async function withEngine<T>(input: EngineRoomInput, work: (room: EngineRoom) => Promise<T>): Promise<T> {
  const [{ createDuckDbEngine }, { storesOf }, { openTemps }] = await Promise.all([
    import('../engine/index.ts'),
    import('../formats/index.ts'),
    import('../runner/index.ts'),
  ])
  const { plan, binding, correlationId, io } = input
  const runId = randomUUID()
  const openStore = storesOf(binding)
  const folder = await mkdtemp(join(tmpdir(), 'loom-'))
  const extensionsFolder = io.env['LOOM_EXTENSIONS']
  const engine = createDuckDbEngine(extensionsFolder === undefined ? {} : { extensionsFolder })
  const temps = openTemps({ root: binding.tempRoot, runId, correlationId, openStore })
  const ids = { runId, correlationId, attempt: 1, lastAttempt: true, processRunId: runId, stepRunId: runId }
  const about = { pipeline: plan.pipeline, planHash: plan.hash, params: plan.params }
  try {
    return await work({
      engine,
      context: (step) => ({
        info: { ...ids, ...about, process: step.process, step: step.name },
        storage: binding,
        openStore,
        temps,
        signal: io.signal,
        now: Date.now,
        newId: randomUUID,
        log: { info: () => {}, warn: () => {} },
        onProgress: () => {},
        assertMayCommit: () => {},
        workFolder: folder,
      }),
    })
  } finally {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  }
}
