// Properties of compile as a whole. What single mistakes lead to stands in test/golden.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { COMPILE_PROBLEM_CODES, type CompileInput, compile } from '../../src/compile/index.ts'
import type { PipelineSpec } from '../../src/manifest/index.ts'
import { hashPlan, stepsOf } from '../../src/plan/index.ts'
import { anyOfKind } from '../manifest/arbitrary.ts'
import { anyFlow, around, compiled, FACTS, foundIn, inputOf, simpleStep } from './flow.ts'

const anyStorage = fc.option(anyOfKind('ETLStorage'), { nil: undefined })

const anyInput: fc.Arbitrary<CompileInput> = fc
  .tuple(anyOfKind('ETLPipeline'), anyOfKind('ETLRun'), anyStorage, fc.boolean())
  .map(([{ spec }, run, storage, knowsTables]) => ({
    pipeline: { name: 'any', spec },
    run: run.spec,
    ...(storage === undefined ? {} : { storage: storage.spec }),
    facts: { ...FACTS, ...(knowsTables ? { tables: { 'a.b': 'missing' } } : {}) },
  }))

/** As the API server hands objects on. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]))
}

describe('compile', () => {
  it('never throws, whatever lawful documents come together, and says what is wrong in full', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const result = compile(input)
        for (const { code, path, message, hint, document } of result.ok ? result.warnings : result.problems) {
          assert.ok(Object.hasOwn(COMPILE_PROBLEM_CODES, code), code)
          assert.match(path, /^spec\b/)
          assert.ok(message.length > 0 && hint.length > 0 && !`${message}${hint}`.includes('\n'), `${code}: ${message}`)
          assert.ok(document !== undefined)
        }
        assert.equal(
          result.ok,
          (result.ok ? result.warnings : result.problems).every(({ severity }) => severity === 'warning'),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same answer every time, and changes nothing of what it is given', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const before = structuredClone(input)
        assert.deepEqual(compile(input), compile(structuredClone(input)))
        assert.deepEqual(input, before)
      }),
      { numRuns: 100 },
    )
  })

  it('gives the same plan whatever the order in which fields are written', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const [one, other] = [compile(input), compile(sorted(input) as CompileInput)]
        assert.equal(one.ok, other.ok)
        if (one.ok && other.ok) assert.deepEqual(one.plan, other.plan)
      }),
      { numRuns: 150 },
    )
    const spec = around([
      {
        name: 's',
        sources: { b: { rows: { values: [{ y: 1, x: { d: 1, c: 2 } }] } }, a: { table: { ref: 't.a' } } },
        sql: 'FROM a, b',
        target: { table: { ref: 't.s', replacePartition: { values: { p: 1, o: 2 } } } },
      },
    ])
    const [one, other] = [compiled(inputOf(spec)), compiled(inputOf(sorted(spec) as PipelineSpec))]
    assert.equal(JSON.stringify(one.plan), JSON.stringify(other.plan))
    assert.equal(one.plan.hash, other.plan.hash)
  })

  it('gives a plan that is JSON, and whose hash is over all of it', () => {
    fc.assert(
      fc.property(anyFlow, (spec) => {
        const { plan } = compiled(inputOf(spec))
        assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan)
        assert.equal(hashPlan(plan).hash, plan.hash)
        assert.equal(hashPlan({ ...plan, pipeline: 'other' }).hash === plan.hash, false)
      }),
    )
  })

  it('keeps places out of the plan: with another storage the plan is the same, and the binding is not', () => {
    fc.assert(
      fc.property(anyFlow, fc.constantFrom('/data', 'here', 'file:///else%20where/'), (spec, uri) => {
        const input = inputOf(spec)
        const there: CompileInput = {
          ...input,
          storage: { defaults: { tablePath: { uri }, filePath: { uri }, modulePath: { uri } }, temp: { root: uri } },
          facts: { workingFolder: '/home/other', manifestFolder: '/home/other/m' },
        }
        const [one, other] = [compiled(input), compiled(there)]
        assert.deepEqual(other.plan, one.plan)
        assert.notEqual(other.binding.hash, one.binding.hash)
      }),
      { numRuns: 50 },
    )
  })

  it('gives another hash to another value of a param', () => {
    const spec = around([{ name: 's', sql: 'SELECT $(params.x)', target: { temp: { name: 't' } } }], {
      x: { type: 'string' },
    })
    const hashOf = (x: string) => compiled(inputOf(spec, { params: { x } })).plan.hash
    assert.equal(hashOf('a'), hashOf('a'))
    assert.notEqual(hashOf('a'), hashOf('b'))
  })

  it('binds the tables and files of the included steps only', () => {
    fc.assert(
      fc.property(anyFlow, fc.nat(), (spec, choice) => {
        const all = stepsOf(compiled(inputOf(spec)).plan).map(({ name }) => name)
        const include = [all[choice % all.length] ?? '']
        const { plan, binding } = compiled(inputOf(spec, { include }))
        assert.deepEqual(
          stepsOf(plan).map(({ name }) => name),
          include,
        )
        assert.deepEqual(Object.keys(binding.tables), [`t.${include[0]}`])
      }),
      { numRuns: 50 },
    )
  })

  it('takes a second writer of a table for a conflict exactly when both may run at the same time', () => {
    fc.assert(
      fc.property(anyFlow, fc.nat(), fc.nat(), (spec, first, second) => {
        const steps = spec.processes
          .flatMap((item) => ('parallel' in item ? item.parallel : [item]))
          .flatMap(({ steps: items }) => items.flatMap((item) => ('parallel' in item ? item.parallel : [item])))
        const [a, b] = [steps[first % steps.length], steps[second % steps.length]]
        if (a === undefined || b === undefined || a === b) return
        a.target = b.target = { table: { ref: 't.same' } }
        const { plan } = compiled(inputOf(apart(spec)))
        const found = foundIn(inputOf(spec)).filter((line) => line.startsWith('ParallelWriters'))
        assert.equal(found.length, mayMeet(plan, a.name, b.name) ? 1 : 0)
      }),
      { numRuns: 200 },
    )
  })

  it('takes as many steps at once as an object can hold', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `s${i}`)
    const processes = Array.from({ length: 50 }, (_, p) => ({
      name: `p${p}`,
      steps: [{ parallel: names.slice(p * 100, p * 100 + 100).map(simpleStep) }],
    }))
    const { plan } = compiled(inputOf({ processes: [{ parallel: processes }] }))
    assert.equal(stepsOf(plan).length, 5000)
  })
})

/** The same pipeline with a table for each step. */
function apart(spec: PipelineSpec): PipelineSpec {
  return JSON.parse(JSON.stringify(spec), (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'name' in value && 'sql' in value
      ? simpleStep(String(value.name))
      : value,
  ) as PipelineSpec
}

function mayMeet({ stages }: Pick<CompileResultPlan, 'stages'>, a: string, b: string): boolean {
  for (const processes of stages) {
    const places = (name: string) =>
      processes.flatMap((process, i) =>
        process.stages.flatMap((members, j) => (members.some((step) => step.name === name) ? [{ i, j }] : [])),
      )[0]
    const [one, other] = [places(a), places(b)]
    if (one !== undefined && other !== undefined) return one.i !== other.i || one.j === other.j
  }
  return false
}
type CompileResultPlan = ReturnType<typeof compiled>['plan']
