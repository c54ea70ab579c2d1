// How the pool's workers are brought to the number and the settings that are wanted.
import type { RunEvent } from '../decision.ts'
import { POD_START_PATIENCE } from '../limits.ts'
import { deniedSettings } from './blocked.ts'
import type { PoolRule, PoolRuling } from './ruling.ts'
import { type Movement, movementOf, type Scene } from './scene.ts'

/** How soon a worker that was told to go is looked at again: no watch tells what it does. */
const DRAIN_PERIOD = 500
/** How soon it is looked again when it was not yet known who does what. */
const UNCERTAIN_PERIOD = 2_000

/** The storage does not allow (any more) what the workers are. */
export const denied: PoolRule = (scene) => {
  const problems = deniedSettings(scene)
  return problems.length === 0
    ? undefined
    : moving(scene, { reason: 'Denied', message: problems.join('\n') }, 'stalled')
}

export const paused: PoolRule = (scene) => {
  if (scene.pool.spec.paused !== true) return undefined
  const left = scene.workers.filter(({ ended }) => !ended).length
  const message = left === 0 ? 'paused by spec.paused' : `paused by spec.paused; ${counted(left)} on the way out`
  return moving(scene, { reason: 'Paused', message }, left === 0 ? 'done' : 'working')
}

export const firstWorkers: PoolRule = (scene) => {
  const { deployment, scale, pool } = scene
  if (deployment !== undefined) return undefined
  const { desired } = scale
  return {
    reason: 'ScalingUp',
    message: `0 of ${counted(desired)} ready`,
    ready: (pool.spec.replicas.min ?? 0) === 0,
    state: 'working',
    scale,
    actions: [{ kind: 'createDeployment', replicas: desired }],
    events: scaleEvents(scene, 0, desired),
  }
}

/** Other settings of the pool, the storage or the operator. */
export const settingsChanged: PoolRule = (scene) => {
  const { deployment, isOutdated, scale } = scene
  if (deployment === undefined || !isOutdated) return undefined
  const { name, uid } = deployment
  const replicas = Math.max(deployment.replicas, scale.desired)
  return {
    ...working(scene, 'RollingOut', 'the workers are being replaced by ones with other settings'),
    actions: [{ kind: 'replaceDeployment', name, uid, replicas }],
    events: [
      { type: 'Normal', reason: 'RollingOut', message: 'settings have changed: workers are replaced one by one' },
      ...scaleEvents(scene, deployment.replicas, replicas),
    ],
  }
}

/** Who does what is not known, so nobody is told to go; more are of no use. */
export const brokerUnreachable: PoolRule = (scene) => {
  if (!scene.load.isDown) return undefined
  const message = 'the operator does not reach the broker; workers keep what they have'
  return { reason: 'BrokerUnreachable', message, ready: false, state: 'working' }
}

export const workersUnavailable: PoolRule = (scene) => {
  const { deployment, trouble, scale } = scene
  if (deployment === undefined || trouble === undefined || deployment.ready >= scale.desired) return undefined
  const message = `${readyOf(scene)}; ${trouble}`
  return {
    ...moving(scene, { reason: 'WorkersUnavailable', message }, 'working'),
    ready: deployment.ready > 0 && hasMin(scene),
  }
}

export const scalingUp: PoolRule = (scene) => {
  const { deployment, scale } = scene
  if (deployment === undefined) return undefined
  const fewest = Math.min(deployment.ready, deployment.replicas)
  return fewest < scale.desired ? working(scene, 'ScalingUp', readyOf(scene)) : undefined
}

export const rollingOut: PoolRule = (scene) => {
  const { deployment } = scene
  if (deployment === undefined || !(deployment.updated < deployment.total)) return undefined
  const message = `${deployment.updated} of ${counted(deployment.total)} replaced by ones with the present settings`
  return working(scene, 'RollingOut', message)
}

export const scalingDown: PoolRule = (scene) => {
  const { deployment, scale } = scene
  const present = scene.workers.filter(({ ended }) => !ended).length
  if (deployment === undefined || (deployment.replicas <= scale.desired && present <= scale.desired)) return undefined
  return working(scene, 'ScalingDown', `${counted(present)} there, ${scale.desired} wanted; idle ones go first`)
}

export const allReady: PoolRule = (scene) => {
  const { scale, pool } = scene
  const none = `no worker is wanted; up to ${pool.spec.replicas.max} come when there are steps`
  const message = scale.desired === 0 ? none : readyOf(scene)
  return moving(scene, { reason: 'Ready', message }, 'done')
}

const counted = (count: number): string => (count === 1 ? '1 worker' : `${count} workers`)

const readyOf = ({ deployment, scale }: Scene): string =>
  `${Math.min(deployment?.ready ?? 0, scale.desired)} of ${counted(scale.desired)} ready`

const hasMin = ({ deployment, pool }: Scene): boolean => (deployment?.ready ?? 0) >= (pool.spec.replicas.min ?? 0)

const working = (scene: Scene, reason: PoolRuling['reason'], message: string): PoolRuling =>
  moving(scene, { reason, message }, 'working')

/** A ruling under which workers come and go. */
function moving(scene: Scene, about: Pick<PoolRuling, 'reason' | 'message'>, state: PoolRuling['state']): PoolRuling {
  const movement = movementOf(scene)
  const before = scene.deployment?.replicas ?? 0
  return {
    ...about,
    ready: state !== 'stalled' && about.reason !== 'Paused' && hasMin(scene),
    state,
    scale: scene.scale,
    actions: movement.actions,
    events: scaleEvents(scene, before, movement.replicas),
    lookAgainAt: lookAgainAt(scene, movement),
  }
}

function lookAgainAt({ now, scale, load, workers }: Scene, { isDraining, replicas }: Movement): number | undefined {
  if (isDraining) return now + DRAIN_PERIOD
  if (!load.isComplete && replicas > scale.desired) return now + UNCERTAIN_PERIOD
  // Why a container is not started is told by events, which no watch brings.
  if (workers.some(({ startingSince }) => startingSince !== undefined)) return now + POD_START_PATIENCE
  return scale.dueAt === undefined ? undefined : Math.max(scale.dueAt, now + UNCERTAIN_PERIOD)
}

function scaleEvents({ load }: Scene, from: number, to: number): RunEvent[] {
  if (from === to) return []
  const message = `from ${from} to ${counted(to)}: ${load.busy.length} busy, ${load.backlog} steps waiting`
  return [{ type: 'Normal', reason: to > from ? 'ScaledUp' : 'ScaledDown', message }]
}
