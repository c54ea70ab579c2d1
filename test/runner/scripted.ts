// Random plans, and an engine that does with each step what a script says.
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { Fault } from '../../src/base/index.ts'
import type { LifecycleEvent, Observer } from '../../src/observability/index.ts'
import {
  hashPlan,
  type Plan,
  type ProcessPlan,
  type StepPlan,
  type StorageBinding,
  stepsOf,
} from '../../src/plan/index.ts'
import type { RunPlanInput, RunTemps } from '../../src/runner/index.ts'
import type { Engine } from '../../src/step/index.ts'

/** How many turns of the event loop a step takes, and how it ends; `abort` stops the whole run while the step is running. */
export interface Script {
  turns: number
  end: 'succeed' | 'fail' | 'abort'
}

export interface Case {
  plan: Plan
  scripts: Map<string, Script>
}

export const keyOf = (step: { process: string; name: string }): string => `${step.process}/${step.name}`

export function stepPlan(process: string, name: string, changes: Partial<StepPlan> = {}): StepPlan {
  const target = { kind: 'temp', name: 'result', scope: 'run', append: true } as const
  return { name, process, sources: [], body: { kind: 'copy' }, target, timeoutMs: null, ...changes }
}

export function planOf(stages: ProcessPlan[][]): Plan {
  return hashPlan({ version: 1, pipeline: 'p', engine: 'duckdb', params: {}, include: null, stages, skipped: [] })
}

/** `[['a', ['b', 'c']]]`: process p0 with step a, then b and c together. */
export function planOfNames(...processes: (string | string[])[][]): Plan {
  return planOf(
    processes.map((stages, i) => [
      { name: `p${i}`, stages: stages.map((names) => [names].flat().map((name) => stepPlan(`p${i}`, name))) },
    ]),
  )
}

const shape = fc.array(
  fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  { minLength: 0, maxLength: 3 },
)

/** Stages of processes of stages of steps, with scripts that mostly succeed. */
export function cases(ends: fc.Arbitrary<Script['end']>): fc.Arbitrary<Case> {
  return shape.chain((sizes) => {
    let count = 0
    const plan = planOf(
      sizes.map((processes, i) =>
        processes.map((stages, j) => {
          const name = `p${i}${j}`
          const step = () => stepPlan(name, `s${count++}`)
          return { name, stages: stages.map((size) => Array.from({ length: size }, step)) }
        }),
      ),
    )
    const script = fc.record({ turns: fc.integer({ min: 0, max: 4 }), end: ends })
    return fc
      .array(script, { minLength: count, maxLength: count })
      .map((scripts) => ({ plan, scripts: new Map(stepsOf(plan).map((step, i) => [keyOf(step), scripts[i]!])) }))
  })
}

export interface Played {
  engine: Engine
  /** `start x`, `end x`, in the order in which they happened. */
  happened: string[]
  /** The most steps at a time. */
  most: number
}

export function scriptedEngine(scripts: ReadonlyMap<string, Script>, abort: () => void): Played {
  const happened: string[] = []
  let running = 0
  const played: Played = {
    happened,
    most: 0,
    engine: {
      async runStep(step, { signal, onProgress, assertMayCommit }) {
        const { turns, end } = scripts.get(keyOf(step)) ?? { turns: 0, end: 'succeed' }
        happened.push(`start ${keyOf(step)}`)
        running += 1
        played.most = Math.max(played.most, running)
        try {
          for (let turn = 0; turn < turns; turn++) {
            onProgress({ phase: 'read' })
            await setImmediate()
            if (signal.aborted) throw new Fault({ kind: 'transient', code: 'Interrupted', message: 'interrupted' })
          }
          if (end === 'abort') abort()
          if (end === 'fail') throw new Fault({ kind: 'invalid', code: 'Scripted', message: `${keyOf(step)} fails` })
          await assertMayCommit()
          return { rows: 1, bytes: 10, files: 1, warnings: [] }
        } finally {
          running -= 1
          happened.push(`end ${keyOf(step)}`)
        }
      },
      close: async () => undefined,
    },
  }
  return played
}

export function recordedTemps(calls: string[]): RunTemps {
  return {
    folders: [],
    begin: async () => ({ path: '/nowhere', publish: async () => undefined }),
    resolve: async () => [],
    cleanRun: async () => void calls.push('run'),
    cleanCorrelation: async () => void calls.push('correlation'),
  }
}

export function recorder(events: LifecycleEvent[]): Observer {
  return { onEvent: (event) => void events.push(event) }
}

export const noBinding: StorageBinding = {
  version: 1,
  hash: 'sha256:1',
  tables: {},
  files: {},
  fileRoot: '/',
  moduleRoot: '/',
  tempRoot: '/',
  missingTablePolicy: 'create',
}

let clock = 1_700_000_000_000
let ids = 0

/** Everything that runPlan needs; `warnings` collects what was logged. */
export function runInput(
  changes: Partial<RunPlanInput> & Pick<RunPlanInput, 'plan' | 'engine' | 'workRoot'>,
  warnings: string[] = [],
): RunPlanInput {
  return {
    binding: noBinding,
    run: { runId: 'run-1', correlationId: null, attempt: 1, lastAttempt: true },
    temps: recordedTemps([]),
    openStore: () => {
      throw new Error('no store in this test')
    },
    parallel: 2,
    signal: new AbortController().signal,
    now: () => clock++,
    newId: () => `id-${ids++}`,
    log: { info: () => undefined, warn: (message) => void warnings.push(message) },
    ...changes,
  }
}
