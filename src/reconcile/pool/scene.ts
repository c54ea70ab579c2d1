// What was observed of a pool, with what follows from it: how many workers are wanted, and who goes.
import { parseDuration } from '../../base/index.ts'
import { type Scale, scaled } from './autoscale.ts'
import type { PoolAction } from './decision.ts'
import { templateHashOf } from './deployment.ts'
import { type Drainage, drainageOf } from './drainage.ts'
import type { PoolObserved } from './observed.ts'

const DEFAULT_COOL_DOWN = '2m'

export interface Scene extends PoolObserved {
  scale: Scale
  /** Workers are being replaced by ones of other settings. */
  isRolling: boolean
  /** The settings of the Deployment are not those that are wanted now. */
  isOutdated: boolean
  /** Why workers do not get going. */
  trouble: string | undefined
}

/** @param stopped all workers are to go, as soon as they are done */
export function sceneOf(observed: PoolObserved, { stopped }: { stopped: boolean }): Scene {
  const { deployment, pool, storage, nats, defaults } = observed
  const isOutdated =
    deployment !== undefined &&
    storage !== undefined &&
    nats !== undefined &&
    deployment.templateHash !== templateHashOf({ pool, storage, nats, defaults })
  return {
    ...observed,
    scale: stopped ? { desired: 0 } : scaleOf(observed),
    isRolling: deployment !== undefined && (!deployment.isSeen || deployment.updated < deployment.total),
    isOutdated,
    trouble: troubleOf(observed),
  }
}

function scaleOf({ now, pool, deployment, workers, load }: PoolObserved): Scale {
  const { replicas, scaleDown } = pool.spec
  const { surplus } = pool.status
  const going = new Set(workers.filter(({ deleting }) => deleting).map(({ name }) => name))
  return scaled({
    now,
    min: replicas.min ?? 0,
    max: replicas.max,
    coolDownMs: parseDuration(scaleDown?.coolDown ?? DEFAULT_COOL_DOWN) ?? 0,
    replicas: deployment?.replicas ?? 0,
    busy: load.busy.filter((name) => !going.has(name)).length,
    backlog: load.backlog,
    isUncertain: !load.isComplete || load.isDown,
    ...(surplus === undefined ? {} : { surplus: { since: Date.parse(surplus.since), needed: surplus.needed } }),
  })
}

function troubleOf({ deployment, workers }: PoolObserved): string | undefined {
  const stuck = workers.find(({ trouble, deleting }) => trouble !== undefined && !deleting)
  if (stuck?.trouble !== undefined) return `pod "${stuck.name}": ${stuck.trouble.reason}: ${stuck.trouble.message}`
  return deployment?.trouble
}

/** What brings the number of workers nearer to what is wanted. */
export interface Movement {
  actions: PoolAction[]
  /** Of the Deployment, afterwards. */
  replicas: number
  /** Workers are told to go, and have not gone yet. */
  isDraining: boolean
}

/** While workers are replaced, none is chosen to go: that is the Deployment's affair then. */
export function movementOf(scene: Scene): Movement {
  const { deployment, scale, workers, load, isRolling } = scene
  if (deployment === undefined) return { actions: [], replicas: 0, isDraining: false }
  const { name, uid, replicas, trouble } = deployment
  const scaleTo = (to: number): PoolAction[] => (to === replicas ? [] : [{ kind: 'scale', name, uid, replicas: to }])
  const mayGo = !isRolling || scale.desired === 0
  const nobody: PoolAction[] = load.draining.length === 0 ? [] : [{ kind: 'drain', workers: [] }]
  const none: Drainage = { draining: [], actions: nobody, replicas }
  const drainage = mayGo
    ? drainageOf({ workers, load, replicas, desired: scale.desired, isStuck: trouble !== undefined })
    : none
  const to = scale.desired >= replicas ? scale.desired : drainage.replicas
  return {
    actions: [...drainage.actions, ...scaleTo(to)],
    replicas: to,
    isDraining: drainage.draining.length > 0 && to > scale.desired,
  }
}
