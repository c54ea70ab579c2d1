// Observations for tests: a sound run in the middle of things, save for what the case says.
import { hashPlan, PLAN_VERSION, type Plan, type StepPlan, type StorageBinding } from '../../src/plan/index.ts'
import type { JobFact, LeaseFact, Observed, PodFact, RunObject, StoredPlan } from '../../src/reconcile/index.ts'

export const NOW = Date.parse('2026-03-01T12:00:00Z')
export const iso = (ms: number): string => new Date(ms).toISOString()

/** Stages of one process `p`: `a`, `a|b` side by side. */
export function planWith(...stages: string[]): Plan {
  const step = (name: string): StepPlan => ({
    name,
    process: 'p',
    sources: [],
    body: { kind: 'sql', sql: [{ text: 'SELECT 1 AS n', at: 0 }] as never },
    target: { kind: 'table', ref: `t.${name}`, mode: 'append' } as never,
    timeoutMs: null,
  })
  return hashPlan({
    version: PLAN_VERSION,
    pipeline: 'main',
    engine: 'duckdb',
    params: {},
    include: null,
    stages: [[{ name: 'p', stages: stages.map((names) => names.split('|').map(step)) }]],
    skipped: [],
  })
}

export const BINDING: StorageBinding = {
  version: 1,
  hash: 'sha256:0',
  tables: {},
  files: {},
  fileRoot: '/files',
  moduleRoot: '/modules',
  tempRoot: '/temp',
  missingTablePolicy: 'create',
}

export const stored = (plan: Plan, pods: StoredPlan['pods'] = {}) => ({ plan, binding: BINDING, pods })

type RunParts = { metadata?: Partial<RunObject['metadata']>; spec?: RunObject['spec']; status?: RunObject['status'] }

export function aRun({ metadata, spec = {}, status = {} }: RunParts = {}): RunObject {
  return {
    metadata: {
      name: 'daily',
      namespace: 'etl',
      uid: 'uid-1',
      generation: 1,
      resourceVersion: '7',
      createdAt: NOW - 60_000,
      finalizers: [],
      ...metadata,
    },
    spec,
    status,
  }
}

export interface ObservedParts extends RunParts {
  now?: number
  /** Absent: a plan of one step `a`. */
  plan?: Plan
  fact?: Observed['plan']
  jobs?: JobFact[]
  pods?: PodFact[]
  leases?: LeaseFact[]
  dispatch?: Observed['dispatch']
  cleanUp?: Observed['cleanUp']
}

/** A run that has not started, and compiles. */
export function beforeStart({ plan = planWith('a'), fact, now = NOW, ...parts }: ObservedParts = {}): Observed {
  return {
    now,
    run: aRun(parts),
    plan: fact ?? { state: 'compiled', ...stored(plan) },
    jobs: parts.jobs ?? [],
    pods: parts.pods ?? [],
    leases: parts.leases ?? [],
    dispatch: parts.dispatch ?? { broker: { state: 'none' }, oldLeasesEnd: 0, pools: [] },
    cleanUp: parts.cleanUp ?? { state: 'none' },
  }
}

/** A run whose steps are as `stepStates` says, with the plan stored. */
export function started(stepStates: string, parts: ObservedParts = {}): Observed {
  const plan = parts.plan ?? planWith(...[...stepStates].map((_, i) => String.fromCharCode(97 + i)))
  return beforeStart({
    ...parts,
    plan,
    fact: parts.fact ?? { state: 'stored', ...stored(plan), present: true },
    status: {
      phase: 'Running',
      reason: 'Running',
      attempt: 1,
      startedAt: iso(NOW - 30_000),
      attemptStartedAt: iso(NOW - 30_000),
      planHash: plan.hash,
      planConfigMap: 'daily-plan-1',
      stepStates,
      observedGeneration: 1,
      ...parts.status,
    },
  })
}

const id = (step: string) => ({ process: 'p', step, attempt: 1, try: 1 })

export const jobOf = (step: string, more: Partial<JobFact> = {}): JobFact => ({
  ...id(step),
  name: `daily-${step}`,
  uid: `job-${step}`,
  createdAt: NOW - 20_000,
  deleting: false,
  state: 'active',
  ...more,
})

export const podOf = (step: string, more: Partial<PodFact> = {}): PodFact => ({
  ...id(step),
  name: `daily-${step}-x`,
  uid: `pod-${step}`,
  createdAt: NOW - 20_000,
  deleting: false,
  running: true,
  starting: false,
  ...more,
})

/** A pod whose step has told its outcome. */
export const told = (step: string, error?: { kind: string; code?: string; message?: string }): PodFact =>
  podOf(step, {
    running: false,
    end: {
      kind: 'outcome',
      outcome: {
        process: 'p',
        step,
        state: error === undefined ? 'Succeeded' : 'Failed',
        durationMs: 1200.4,
        ...(error === undefined ? { write: { rows: 10, bytes: 99, files: 1, tableVersion: 3, warnings: [] } } : {}),
        ...(error === undefined ? {} : { error: { code: 'Scripted', message: 'no luck', ...error } as never }),
      },
    },
  })
