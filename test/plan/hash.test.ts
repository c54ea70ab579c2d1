// The hash of a plan tells what is to be done, and nothing else.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { filterPlan, hashPlan, type Plan, stepsOf } from '../../src/plan/index.ts'
import { anyPlan, reversedKeys } from './arbitrary.ts'

const namesOf = (plan: Plan): string[] => [...new Set(stepsOf(plan).flatMap(({ process, name }) => [process, name]))]

/** A plan, and some names of its steps and processes. */
const withNames = (plan: Plan) => fc.tuple(fc.constant(plan), fc.shuffledSubarray(namesOf(plan), { minLength: 1 }))

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

  it('of an included part is the same, whether it was cut from the whole or from a larger part', () => {
    fc.assert(
      fc.property(anyPlan.chain(withNames), ([plan, include]) => {
        const part = filterPlan(plan, include)
        const one = stepsOf(part)
          .map(({ name }) => name)
          .slice(0, 1)
        assert.deepEqual(filterPlan(part, one), filterPlan(plan, one))
      }),
    )
  })
})
