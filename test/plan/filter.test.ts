// FLT-1…4 and the plan's hash, over random plans.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { declaredSteps, explain, filterPlan, hashPlan, type Plan, stepsOf } from '../../src/plan/index.ts'
import { anyPlan, reversedKeys } from './arbitrary.ts'

const namesOf = (plan: Plan): string[] => [...new Set(stepsOf(plan).flatMap(({ process, name }) => [process, name]))]
const stepNames = (plan: Plan): string[] => stepsOf(plan).map(({ name }) => name)

/** A plan, and some names of its steps and processes in any order, some of them twice. */
const planAndNames = anyPlan.chain((plan) =>
  fc.tuple(fc.constant(plan), fc.array(fc.constantFrom(...namesOf(plan)), { minLength: 1, maxLength: 6 })),
)

describe('a plan filtered by include', () => {
  it('keeps just the named steps and those of named processes, in declared order', () => {
    fc.assert(
      fc.property(planAndNames, ([plan, include]) => {
        const wanted = stepsOf(plan).filter(({ process, name }) => include.includes(process) || include.includes(name))
        assert.deepEqual(stepsOf(filterPlan(plan, include)), wanted)
      }),
    )
  })

  it('keeps what ran one after the other apart, what ran at the same time together, and leaves no empty group', () => {
    fc.assert(
      fc.property(planAndNames, ([plan, include]) => {
        const kept = filterPlan(plan, include)
        const names = new Set(stepNames(kept))
        const expected = plan.stages
          .map((processes) =>
            processes
              .map(({ name, stages }) => ({
                name,
                stages: stages
                  .map((group) => group.filter((step) => names.has(step.name)))
                  .filter(({ length }) => length),
              }))
              .filter(({ stages }) => stages.length > 0),
          )
          .filter(({ length }) => length)
        assert.deepEqual(kept.stages, expected)
      }),
    )
  })

  it('shows what is left out as skipped, each step in its place', () => {
    fc.assert(
      fc.property(planAndNames, ([plan, include]) => {
        const kept = filterPlan(plan, include)
        const shown = declaredSteps(kept)
        assert.deepEqual(
          shown.map(({ step }) => step),
          stepNames(plan),
        )
        assert.deepEqual(
          shown.filter(({ skipped }) => !skipped).map(({ step }) => step),
          stepNames(kept),
        )
        for (const { process, step } of kept.skipped) assert.ok(explain(kept).includes(`  ${process}/${step}\n`))
      }),
    )
  })

  it('is the same when filtered again, and leaves the plan as it was', () => {
    fc.assert(
      fc.property(planAndNames, ([plan, include]) => {
        const before = JSON.stringify(plan)
        const kept = filterPlan(plan, include)
        assert.deepEqual(filterPlan(kept, include), kept)
        assert.equal(JSON.stringify(plan), before)
      }),
    )
  })

  it('can be filtered further, and still knows all steps', () => {
    fc.assert(
      fc.property(planAndNames, ([plan, include]) => {
        const first = filterPlan(plan, include)
        const one = stepNames(first).slice(0, 1)
        assert.deepEqual(filterPlan(first, one), filterPlan(plan, one))
      }),
    )
  })

  it('does not ask in which order or how often a name is given', () => {
    fc.assert(
      fc.property(planAndNames, ([plan, include]) => {
        const { stages, skipped } = filterPlan(plan, [...include, ...include].reverse())
        const other = filterPlan(plan, include)
        assert.deepEqual({ stages, skipped }, { stages: other.stages, skipped: other.skipped })
      }),
    )
  })
})

describe('the hash of a plan', () => {
  it('does not depend on the order of keys, nor on an older hash, and survives JSON', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        assert.equal(hashPlan(reversedKeys(plan)).hash, plan.hash)
        assert.equal(hashPlan({ ...plan, hash: 'sha256:old' } as Plan).hash, plan.hash)
        assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan)
      }),
    )
  })

  it('changes with what is to be done', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const changed: Plan[] = [
          { ...plan, pipeline: `${plan.pipeline}x` },
          { ...plan, params: { ...plan.params, more: { type: 'boolean', value: true } } },
          { ...plan, stages: plan.stages.slice(1) },
          filterPlan(plan, namesOf(plan)),
        ]
        for (const other of changed) assert.notEqual(hashPlan(other).hash, plan.hash)
      }),
    )
  })
})
