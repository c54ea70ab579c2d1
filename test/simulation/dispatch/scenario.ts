// What a schedule of the dispatch plays: runs and how they use the pool, its workers, whose clocks are apart, and what
// users do meanwhile.
import type { RunSpec } from '../../../src/manifest/index.ts'
import { PIPELINES } from '../scenario.ts'
import type { EngineEnd } from './model-worker.ts'

export type Wish = 'suspend' | 'cancel' | 'delete' | 'pausePool' | 'deletePool' | 'drain'

export interface DispatchScenario {
  pipeline: keyof typeof PIPELINES_HERE
  runs: RunSpec[]
  workers: number
  operators: 1 | 2
  clocksApartMs: () => number
  /** Nobody knows how the term before was called. */
  losesTerms: boolean
  engineEnd: (step: string) => EngineEnd
  /** What is done to the n-th run, or to the pool, at which move. */
  wishes: { atMove: number; what: Wish; run: number }[]
}

const rows = { rows: { rows: { values: [{ n: 1 }] } } }
const step = (name: string) => ({ name, sources: rows, target: { table: { ref: `t.${name}` } } })

export const PIPELINES_HERE = {
  ...PIPELINES,
  group: {
    processes: [{ name: 'p', steps: [{ parallel: ['a', 'b', 'c', 'd'].map(step) }, step('e')] }],
  },
} as const

export function scenarioOf(random: () => number): DispatchScenario {
  const pick = <T>(...options: T[]): T => options[Math.floor(random() * options.length)] as T
  const chance = (share: number) => random() < share
  const mishap = chance(0.3) ? 0.2 : 0
  const wish = (share: number, what: Wish) =>
    chance(share) ? [{ atMove: Math.floor(random() * 70), what, run: pick(0, 0, 1) }] : []
  const run = (): RunSpec => ({
    pipelineRef: { name: 'main' },
    retry: { limit: pick(0, 1, 2) },
    dispatch: {
      mode: pick('nats', 'nats', 'auto'),
      ...(chance(0.5) ? { pool: 'warm' } : {}),
      ...(chance(0.15) ? { maxParallel: 1 } : {}),
    },
    ...(chance(0.12) ? { timeout: '40s' } : {}),
    ...(chance(0.05) ? { suspend: true } : {}),
  })
  return {
    pipeline: pick('one', 'stages', 'group', 'group', 'temps'),
    runs: chance(0.3) ? [run(), run()] : [run()],
    workers: pick(1, 2, 2, 3),
    operators: chance(0.4) ? 2 : 1,
    clocksApartMs: () => (chance(0.5) ? 0 : Math.floor((random() - 0.5) * 60_000)),
    losesTerms: chance(0.3),
    engineEnd: () => (chance(mishap) ? pick('failTransient', 'failInvalid') : 'succeed'),
    wishes: [
      ...wish(0.15, 'suspend'),
      ...wish(0.25, 'cancel'),
      ...wish(0.1, 'delete'),
      ...wish(0.1, 'pausePool'),
      ...wish(0.05, 'deletePool'),
      ...wish(0.2, 'drain'),
    ],
  }
}
