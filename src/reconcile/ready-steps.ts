// Which steps may run now: stages in order, the members of a stage side by side, fail-fast between stages (EXE-1, EXE-2).
import type { Plan, ProcessPlan, StepPlan } from '../plan/index.ts'
import { keyOf, type StepRecord } from './step-record.ts'

/** Where a run stands. */
export type Frontier =
  /** Steps that are running or may be started. */
  | { state: 'open'; pending: StepPlan[] }
  | { state: 'succeeded' }
  /** Something has failed and nothing more may be started or is running. */
  | { state: 'failed' }

type State = StepRecord['state']

/** @param records one per step of the plan */
export function frontierOf(plan: Plan, records: StepRecord[]): Frontier {
  const states = new Map(records.map((record) => [keyOf(record), record.state]))
  return inOrder(plan.stages, (process: ProcessPlan) =>
    inOrder(process.stages, (step: StepPlan) =>
      stepFrontier(step, states.get(`${step.process}/${step.name}`) ?? 'Pending'),
    ),
  )
}

function stepFrontier(step: StepPlan, state: State): Frontier {
  switch (state) {
    case 'Succeeded':
      return { state: 'succeeded' }
    case 'Pending':
      return { state: 'open', pending: [step] }
    case 'Queued':
    case 'Running':
      return { state: 'open', pending: [] }
    case 'Failed':
    case 'Skipped':
    case 'Cancelled':
      return { state: 'failed' }
  }
}

/** The first stage that has not succeeded decides: open while any member is, failed when all have ended and one failed. */
function inOrder<T>(stages: T[][], frontier: (member: T) => Frontier): Frontier {
  for (const members of stages) {
    const found = members.map(frontier)
    const open = found.filter((member) => member.state === 'open')
    if (open.length > 0) return { state: 'open', pending: open.flatMap(({ pending }) => pending) }
    if (found.some((member) => member.state === 'failed')) return { state: 'failed' }
  }
  return { state: 'succeeded' }
}
