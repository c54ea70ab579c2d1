// Small pipelines for the tests of compile, and random ones that are in order.
import fc from 'fast-check'
import { type CompileInput, compile } from '../../src/compile/index.ts'
import type { PipelineSpec, ProcessSpec, StepSpec } from '../../src/manifest/index.ts'

export const FACTS = { workingFolder: '/srv/etl', manifestFolder: '/srv/etl/manifests' }

export const inputOf = (spec: PipelineSpec, run: CompileInput['run'] = {}): CompileInput => ({
  pipeline: { name: 'flow', spec },
  run,
  facts: FACTS,
})

/** A pipeline of one process around steps. */
export const around = (steps: ProcessSpec['steps'], params: PipelineSpec['params'] = {}): PipelineSpec => ({
  params,
  processes: [{ name: 'flow', steps }],
})

export const compiled = (input: CompileInput): Extract<ReturnType<typeof compile>, { ok: true }> => {
  const result = compile(input)
  if (!result.ok) throw new Error(result.problems.map(({ code, path }) => `${code} ${path}`).join(', '))
  return result
}

/** `code path` of everything that is wrong, or worth a warning. */
export const foundIn = (input: CompileInput): string[] => {
  const result = compile(input)
  return (result.ok ? result.warnings : result.problems).map(({ code, path }) => `${code} ${path}`)
}

/** A step that writes a table of its own. */
export const simpleStep = (name: string): StepSpec => ({
  name,
  sql: `SELECT '${name}' AS name`,
  target: { table: { ref: `t.${name}` } },
})

type Grouped<T> = T | { parallel: T[] }

/** Numbers in groups: 1, or several that belong together. */
const shape = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 })

const grouped = <T>(members: T[], alone: boolean): Grouped<T> =>
  members.length === 1 && alone ? (members[0] as T) : { parallel: members }

/** Pipelines in order: stages of processes of stages of steps, `p0`, `p1` … and `s0`, `s1` … in declared order. */
export const anyFlow: fc.Arbitrary<PipelineSpec> = fc
  .tuple(shape, fc.array(shape, { minLength: 9, maxLength: 9 }), fc.boolean())
  .map(([stages, inner, alone]) => {
    let processes = 0
    let steps = 0
    const process = (): ProcessSpec => {
      const name = `p${processes}`
      const groups = inner[processes % inner.length] ?? [1]
      processes += 1
      const items = groups.map((size) =>
        grouped(
          Array.from({ length: size }, () => simpleStep(`s${steps++}`)),
          alone,
        ),
      )
      return { name, steps: items } as ProcessSpec
    }
    const items = stages.map((size) =>
      grouped(
        Array.from({ length: size }, () => process()),
        alone,
      ),
    )
    return { processes: items } as PipelineSpec
  })
