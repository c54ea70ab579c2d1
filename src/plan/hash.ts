// The hash of a plan: over what is to be done, not over where things lie, so it is the same in every place.
import { hashOf } from '../base/index.ts'
import type { Plan } from './plan.ts'

/** The plan with its hash set anew. */
export function hashPlan(plan: Omit<Plan, 'hash'>): Plan {
  const { hash: _old, ...content } = plan as Plan
  return { ...content, hash: hashOf(content) }
}
