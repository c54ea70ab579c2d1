// What to do about one ETLRun: an ordered list of rules, the first that applies decides. The order has a test.
//
// D1 Deterministic: the same Observed gives the same Decision; time is a field of it.
// D2 Level-based: nothing is remembered between two decisions but the status.
// D3 It settles: once its actions are done and its status is written, deciding again asks for nothing.
import type { Decision } from './decision.ts'
import type { Observed } from './observed.ts'
import { beingDeleted, finished } from './rules/deletion.ts'
import { goOn } from './rules/progress.ts'
import { restarted } from './rules/restart.ts'
import {
  cancelledBeforeStart,
  denied,
  doesNotCompile,
  planTooLarge,
  referenceMissing,
  start,
  suspendedBeforeStart,
} from './rules/start.ts'
import { planLost, stopped } from './rules/stop.ts'
import type { Rule } from './ruling.ts'
import { decisionOf } from './status.ts'

export const RULES: readonly Rule[] = [
  beingDeleted, // its end comes before everything else
  restarted, // before its end counts
  finished, // nothing changes any more
  cancelledBeforeStart, // needs no plan
  suspendedBeforeStart, // needs no plan
  referenceMissing, // wait for what it names
  doesNotCompile, // all problems at once
  denied, // what the storage does not allow
  planTooLarge, // before anything is made
  start, // fix the plan, start the first steps
  planLost, // can't go on
  stopped, // cancelled, or out of time
  goOn, // the next steps, the next attempt, or the end
]

export function decideRun(observed: Observed): Decision {
  for (const rule of RULES) {
    const ruling = rule(observed)
    if (ruling !== undefined) return decisionOf(ruling, observed)
  }
  // No rule applies only when the plan is neither there nor missing, which the type forbids.
  throw new Error(`no rule applies to a run whose plan is ${observed.plan.state}`)
}
