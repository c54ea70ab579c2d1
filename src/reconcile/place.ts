// Where the steps of a run go: as Jobs, or to the warm workers of a pool. One answer for the whole run at a time; it follows
// from what was observed, so a pool that comes, goes or is paused changes it by itself.
import type { Reason } from '../manifest/index.ts'
import type { Plan, StepPlan } from '../plan/index.ts'
import { BROKER_GRACE } from './limits.ts'
import type { Observed } from './observed.ts'
import { suits } from './pool/suitability.ts'

export type Place =
  /** `fallback`: it was meant otherwise. */
  | { kind: 'jobs'; fallback?: { reason: Reason; message: string } }
  /** `only`: keys of the steps that go there; absent: all. */
  | { kind: 'pool'; pool: string; workers: number; only?: ReadonlySet<string> }
  /** Every step is to go to a pool, and none can take them now. */
  | { kind: 'wait'; reason: Reason; message: string }

/** Bytes of a step's plan that fit into a message to a worker, with room for params and places. */
const STEP_BYTES = 700_000

export function placeOf(observed: Observed): Place {
  const {
    dispatch: { broker, pools },
    run,
    plan,
    now,
  } = observed
  const { mode = 'auto', pool: name } = run.spec.dispatch ?? {}
  if (mode === 'job' || (plan.state !== 'stored' && plan.state !== 'compiled')) return { kind: 'jobs' }
  const cannot = (reason: Reason, message: string): Place =>
    mode === 'nats' ? { kind: 'wait', reason, message } : { kind: 'jobs', fallback: { reason, message } }
  // who did not ask for a pool is told nothing of there being none
  const asked = mode === 'nats' || name !== undefined
  if (broker.state === 'none') {
    if (!asked) return { kind: 'jobs' }
    return cannot('NatsNotConfigured', 'the operator has no broker; its settings name none')
  }
  const candidates = name === undefined ? pools : pools.filter(({ pool }) => pool.metadata.name === name)
  if (candidates.length === 0) {
    if (!asked) return { kind: 'jobs' }
    const which = name === undefined ? 'there is no ETLWorkerPool' : `there is no ETLWorkerPool "${name}"`
    return cannot('PoolNotFound', `${which} in namespace "${run.metadata.namespace}"`)
  }
  const wish = { storageName: run.spec.storageRef?.name ?? 'default', pods: plan.pods, settings: run.spec.step ?? {} }
  const looked = candidates.map((candidate) => ({ ...candidate, problem: suits(candidate.pool, wish) }))
  const chosen = looked.find(({ problem }) => problem === undefined)
  if (chosen === undefined) {
    const { reason = 'PoolNotFound', message = '' } = looked[0]?.problem ?? {}
    return cannot(reason, message)
  }
  if (broker.state === 'down' && now >= broker.since + BROKER_GRACE)
    return cannot('BrokerUnreachable', 'the operator has not reached the broker for a while')
  const { workers } = chosen
  const pool = chosen.pool.metadata.name
  return mode === 'nats'
    ? { kind: 'pool', pool, workers }
    : { kind: 'pool', pool, workers, only: membersOfGroups(plan.plan) }
}

/** Whether a step goes to the pool of the place: one that is too large for a message does not. */
export const goesToPool = ({ only }: Place & { kind: 'pool' }, step: StepPlan): boolean =>
  (only === undefined || only.has(`${step.process}/${step.name}`)) && JSON.stringify(step).length <= STEP_BYTES

function membersOfGroups(plan: Plan): Set<string> {
  const alone = (members: unknown[]) => members.length <= 1
  const inGroup = plan.stages.flatMap((processes) =>
    processes.flatMap(({ stages }) => stages.filter((steps) => !alone(processes) || !alone(steps)).flat()),
  )
  return new Set(inGroup.map(({ process, name }) => `${process}/${name}`))
}

/** When the broker's absence changes the place, if it does. */
export function placeChangesAt({ dispatch: { broker }, now }: Observed): number | undefined {
  const at = broker.state === 'down' ? broker.since + BROKER_GRACE : undefined
  return at !== undefined && at > now ? at : undefined
}
