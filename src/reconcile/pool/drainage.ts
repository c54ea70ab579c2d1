// Which workers go when there are too many: never a busy one, and nobody before it was told that it gets no more steps.
//
//   chosen ──▶ drained (no more leases) and marked (its pod goes first) ──▶ the Deployment is made smaller ──▶ gone
//
// Each arrow takes one look at least, so that a worker that got a step in between is found busy, and another is chosen.
import type { PoolAction } from './decision.ts'
import type { LoadFact, WorkerFact } from './observed.ts'

export interface DrainageInput {
  workers: readonly WorkerFact[]
  load: LoadFact
  /** Of the Deployment. */
  replicas: number
  desired: number
  /** The Deployment can't make its pods. */
  isStuck: boolean
}

export interface Drainage {
  /** Workers that get no more steps. */
  draining: string[]
  actions: PoolAction[]
  /** How large the Deployment may be made now. */
  replicas: number
}

export function drainageOf({ workers, load, replicas, desired, isStuck }: DrainageInput): Drainage {
  const present = workers.filter(({ deleting, ended }) => !deleting && !ended)
  const victims = chosen(present, load, Math.max(0, present.length - desired))
  // Pods that are about to be taken away stay marked and drained, or busy ones would go.
  const going = present.length > replicas ? present.filter(({ marked }) => marked) : []
  const names = new Set([...victims, ...going].map(({ name }) => name))
  const spared = present.filter(({ name, marked }) => marked && !names.has(name))
  const draining = [...names].sort()
  const told = new Set(load.draining)
  const actions: PoolAction[] = [
    ...(sameMembers(draining, load.draining) ? [] : [{ kind: 'drain', workers: draining } as const]),
    ...spared.map(({ name, uid }) => ({ kind: 'unmark', name, uid }) as const),
    ...victims.filter(({ marked }) => !marked).map(({ name, uid }) => ({ kind: 'mark', name, uid }) as const),
  ]
  // One that is still to come would be one more than was counted, and a busy one might go for it.
  const isComplete = present.length >= replicas || isStuck
  const areReady = isComplete && victims.every(({ name, marked }) => marked && told.has(name))
  const smaller = Math.max(desired, present.length - victims.length)
  return { draining, actions, replicas: areReady ? Math.min(replicas, smaller) : replicas }
}

/** Those first whose loss costs least; those that are on their way out stay so. */
function chosen(present: readonly WorkerFact[], load: LoadFact, count: number): WorkerFact[] {
  const busy = new Set(load.busy)
  const idle = new Set(load.idle)
  const rank = ({ name, ready, marked }: WorkerFact): number => {
    if (!ready) return 0
    if (marked) return 1
    return idle.has(name) ? 2 : 3
  }
  return present
    .filter((worker) => !busy.has(worker.name) && (rank(worker) < 3 || load.isComplete))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .slice(0, count)
}

const sameMembers = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((member) => other.includes(member))
