// include, by FLT-1…4.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { declaredSteps, explain, filterPlan, hashPlan, type Plan, stepsOf } from '../../src/plan/index.ts'
import { anyFlow, compiled, inputOf } from '../compile/flow.ts'

const anyPlan = anyFlow.map((spec) => compiled(inputOf(spec)).plan)
const namesOf = (plan: Plan): string[] => stepsOf(plan).map(({ name }) => name)
const processesOf = (plan: Plan): string[] => plan.stages.flat().map(({ name }) => name)

/** A plan, and a choice among the names in it. */
const planAndChoice = anyPlan.chain((plan) =>
  fc.tuple(fc.constant(plan), fc.shuffledSubarray([...namesOf(plan), ...processesOf(plan)], { minLength: 1 })),
)

describe('include', () => {
  it('keeps the named steps and all steps of the named processes, in declared order', () => {
    fc.assert(
      fc.property(planAndChoice, ([plan, include]) => {
        const wanted = stepsOf(plan).filter(({ name, process }) => include.includes(name) || include.includes(process))
        assert.deepEqual(stepsOf(filterPlan(plan, include)), wanted)
      }),
    )
  })

  it('leaves no empty group and no empty process, and what ran at the same time still does', () => {
    fc.assert(
      fc.property(planAndChoice, ([plan, include]) => {
        const filtered = filterPlan(plan, include)
        const groupOf = (of: Plan, step: string) =>
          of.stages
            .flat()
            .flatMap(({ stages }) => stages)
            .find((members) => members.some(({ name }) => name === step))
        for (const processes of filtered.stages) {
          assert.ok(processes.length > 0)
          for (const { stages } of processes) {
            assert.ok(stages.length > 0)
            for (const members of stages) {
              const whole = groupOf(plan, members[0]?.name ?? '')
              const kept = whole?.filter(({ name }) => namesOf(filtered).includes(name))
              assert.deepEqual(members, kept)
            }
          }
        }
      }),
    )
  })

  it('remembers what is left out, each step in its place', () => {
    fc.assert(
      fc.property(planAndChoice, ([plan, include]) => {
        const filtered = filterPlan(plan, include)
        assert.deepEqual(
          declaredSteps(filtered).map(({ step }) => step),
          namesOf(plan),
        )
        assert.equal(filtered.skipped.length + namesOf(filtered).length, namesOf(plan).length)
        for (const { process, step } of filtered.skipped)
          assert.ok(explain(filtered).includes(`  ${process}/${step}\n`))
      }),
    )
  })

  it('does the same twice as once, and whatever the order of the names', () => {
    fc.assert(
      fc.property(planAndChoice, ([plan, include]) => {
        const once = filterPlan(plan, include)
        assert.deepEqual(filterPlan(once, include), once)
        const { stages, skipped } = filterPlan(plan, include.toReversed())
        assert.deepEqual({ stages, skipped }, { stages: once.stages, skipped: once.skipped })
      }),
    )
  })

  it('gives a new plan with a hash of its own, and leaves the old one as it was', () => {
    fc.assert(
      fc.property(planAndChoice, ([plan, include]) => {
        const before = structuredClone(plan)
        const filtered = filterPlan(plan, include)
        assert.deepEqual(plan, before)
        assert.notEqual(filtered.hash, plan.hash)
        assert.equal(hashPlan(filtered).hash, filtered.hash)
        assert.deepEqual(filtered.include, include)
      }),
    )
  })
})
