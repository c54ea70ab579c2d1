// Random plans: any shape of stages and groups, every step with a name of its own.
import fc from 'fast-check'
import { hashPlan, PLAN_VERSION, type Plan, type StepPlan } from '../../src/plan/index.ts'

/** Stages of processes, each with stages of steps; the number is how many steps a group has. */
const shape = fc.array(
  fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  { minLength: 1, maxLength: 4 },
)

export const anyPlan: fc.Arbitrary<Plan> = fc
  .tuple(shape, fc.dictionary(fc.stringMatching(/^[a-z]$/), fc.string()))
  .map(([stages, texts]) => {
    const params = Object.entries(texts).map(([name, value]) => [name, { type: 'string', value }] as const)
    return planOf(stages, Object.fromEntries(params))
  })

function planOf(shape: number[][][], params: Plan['params']): Plan {
  let [processes, steps] = [0, 0]
  const stages = shape.map((members) =>
    members.map((groups) => {
      const process = `process-${processes++}`
      return {
        name: process,
        stages: groups.map((size) => Array.from({ length: size }, () => stepOf(`step-${steps++}`, process))),
      }
    }),
  )
  return hashPlan({
    version: PLAN_VERSION,
    pipeline: 'any',
    engine: 'duckdb',
    params,
    include: null,
    stages,
    skipped: [],
  })
}

const stepOf = (name: string, process: string): StepPlan => ({
  name,
  process,
  sources: [{ kind: 'table', alias: 't', ref: `raw.${name.replace('-', '_')}`, where: [], columns: [] }],
  body: { kind: 'copy' },
  target: { kind: 'temp', name, scope: 'run', append: false },
  timeoutMs: null,
})

/** The same value, every mapping written from its last key to its first. */
export function reversedKeys<T>(value: T): T
export function reversedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reversedKeys(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversedKeys(member)]),
  )
}
