// What a schedule plays: a pipeline, a run with some settings, how containers behave, and what users do meanwhile.
import type { RunSpec } from '../../src/manifest/index.ts'
import type { Behaviour } from './model/cluster.ts'

/** A small, fast, seeded generator (mulberry32): the same seed plays the same schedule. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Scenario {
  pipeline: 'one' | 'stages' | 'temps'
  run: RunSpec
  behaviour: (step: string, run: number) => Behaviour
  replicas: 1 | 2
  /** What the user does, at which move. */
  wishes: { atMove: number; what: 'suspend' | 'resume' | 'cancel' | 'delete' | 'changePipeline' | 'restart' }[]
  /** Whether the user asks a run that has ended without success to go on, once. */
  restarts: boolean
}

const rows = { rows: { rows: { values: [{ n: 1 }] } } }
const table = (ref: string) => ({ table: { ref } })

export const PIPELINES = {
  one: { processes: [{ name: 'p', steps: [{ name: 'a', sources: rows, target: table('t.a') }] }] },
  stages: {
    processes: [
      {
        name: 'p',
        steps: [
          { name: 'a', sources: rows, target: table('t.a') },
          {
            parallel: [
              { name: 'b', sources: rows, target: table('t.b') },
              { name: 'c', sources: rows, target: table('t.c') },
            ],
          },
        ],
      },
      {
        parallel: [
          { name: 'q', steps: [{ name: 'd', sources: rows, target: table('t.d') }] },
          { name: 'r', steps: [{ name: 'e', sources: rows, target: table('t.e') }] },
        ],
      },
    ],
  },
  temps: {
    processes: [
      {
        name: 'p',
        steps: [
          { name: 'a', sources: rows, target: { temp: { name: 'x' } } },
          { name: 'b', sources: { x: { temp: { name: 'x' } } }, target: table('t.b') },
        ],
      },
    ],
  },
} as const

export function scenarioOf(random: () => number): Scenario {
  const pick = <T>(...options: T[]): T => options[Math.floor(random() * options.length)] as T
  const mishap = random() < 0.4 ? 0.25 : 0
  const behaviours = new Map<string, Behaviour>()
  const behaviour = (step: string, run: number): Behaviour => {
    const key = `${step} ${run}`
    const known =
      behaviours.get(key) ??
      (random() < mishap ? pick<Behaviour>('failTransient', 'failInvalid', 'oom', 'silent', 'malformed') : 'succeed')
    behaviours.set(key, known)
    return known
  }
  const wish = (chance: number, what: Scenario['wishes'][number]['what']) =>
    random() < chance ? [{ atMove: Math.floor(random() * 50), what }] : []
  return {
    pipeline: pick('one', 'stages', 'stages', 'temps'),
    run: {
      pipelineRef: { name: 'main' },
      retry: { limit: pick(0, 1, 2) },
      ...(random() < 0.1 ? { timeout: '30s' } : {}),
      ...(random() < 0.1 ? { suspend: true } : {}),
      ...(random() < 0.1 ? { dispatch: { maxParallel: 1 } } : {}),
      ...(random() < 0.1 ? { ttlAfterFinished: '1m' } : {}),
    },
    behaviour,
    replicas: random() < 0.3 ? 2 : 1,
    wishes: [
      ...wish(0.1, 'suspend'),
      ...wish(0.1, 'cancel'),
      ...wish(0.08, 'delete'),
      ...wish(0.1, 'changePipeline'),
      ...wish(0.05, 'restart'),
    ],
    restarts: random() < 0.3,
  }
}
