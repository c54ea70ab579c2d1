// The status of a pod as a kubelet writes it, from what is known of its containers. Pure: the same records give the same status.

import type { Condition, ContainerSpec, ContainerState, ContainerStatus, Phase, PodStatus } from './pod.ts'

export interface ContainerRecord {
  readonly spec: ContainerSpec
  readonly state: ContainerState
  readonly lastState: ContainerState
  readonly restartCount: number
  readonly containerID?: string
}

/** Why a pod failed as a whole, whatever its containers did. */
export interface Verdict {
  readonly reason: string
  readonly message: string
  /** Set where the pod was ended for the node's sake. */
  readonly disruption?: { readonly reason: string }
}

export interface PodRecord {
  readonly startTime: string
  readonly hostIP: string
  readonly podIP: string
  /** The sandbox is there: volumes are mounted. */
  readonly sandboxReady: boolean
  readonly init: readonly ContainerRecord[]
  readonly main: readonly ContainerRecord[]
  /** Nothing of it runs any more, and nothing will be started again. */
  readonly isOver: boolean
  readonly verdict?: Verdict
}

/** `before` is the status written last: a condition keeps its time while its status stays. */
export function statusOf(record: PodRecord, before: PodStatus | undefined, now: string): PodStatus {
  const phase = phaseOf(record)
  const said = record.isOver ? record.verdict : undefined
  return {
    phase,
    ...(said === undefined ? {} : { reason: said.reason, message: said.message }),
    startTime: record.startTime,
    hostIP: record.hostIP,
    ...(record.sandboxReady ? { podIP: record.podIP, podIPs: [{ ip: record.podIP }] } : {}),
    conditions: conditionsOf(record, phase).map((condition) => withTime(condition, before?.conditions, now)),
    ...(record.init.length === 0 ? {} : { initContainerStatuses: record.init.map(initStatusOf) }),
    containerStatuses: record.main.map(statusOfContainer),
  }
}

/** A terminal phase only when the pod is over, and Succeeded only when every container ended well. */
export function phaseOf({ init, main, isOver, verdict }: PodRecord): Phase {
  if (isOver)
    return verdict === undefined && main.every(({ state }) => state.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed'
  if (init.some(({ state }) => state.terminated?.exitCode !== 0)) return 'Pending'
  const isUnstarted = main.some(
    ({ state, lastState }) => state.waiting !== undefined && lastState.terminated === undefined,
  )
  return isUnstarted ? 'Pending' : 'Running'
}

function statusOfContainer({ spec, state, lastState, restartCount, containerID }: ContainerRecord): ContainerStatus {
  const isRunning = state.running !== undefined
  return {
    name: spec.name,
    image: spec.image,
    imageID: containerID === undefined ? '' : spec.image,
    ...(containerID === undefined ? {} : { containerID }),
    ready: isRunning,
    started: isRunning,
    restartCount,
    state,
    lastState,
  }
}

/** An init container is ready when it has done its work. */
function initStatusOf(record: ContainerRecord): ContainerStatus {
  return { ...statusOfContainer(record), ready: record.state.terminated?.exitCode === 0 }
}

type Bare = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

function conditionsOf(record: PodRecord, phase: Phase): readonly Bare[] {
  const ready = readiness(record, phase)
  const conditions: Bare[] = [
    { type: 'PodReadyToStartContainers', status: record.sandboxReady && !record.isOver ? 'True' : 'False' },
    initialized(record, phase),
    { type: 'Ready', ...ready },
    { type: 'ContainersReady', ...ready },
  ]
  const { verdict } = record
  if (verdict?.disruption !== undefined && record.isOver) {
    conditions.push({
      type: 'DisruptionTarget',
      status: 'True',
      reason: verdict.disruption.reason,
      message: verdict.message,
    })
  }
  return conditions
}

function readiness({ main }: PodRecord, phase: Phase): Omit<Bare, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const unready = main.filter(({ state }) => state.running === undefined).map(({ spec }) => spec.name)
  if (unready.length === 0) return { status: 'True' }
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  }
}

function initialized({ init }: PodRecord, phase: Phase): Bare {
  if (phase === 'Succeeded') return { type: 'Initialized', status: 'True', reason: 'PodCompleted' }
  const incomplete = init.filter(({ state }) => state.terminated?.exitCode !== 0).map(({ spec }) => spec.name)
  if (incomplete.length === 0) return { type: 'Initialized', status: 'True' }
  const message = `containers with incomplete status: [${incomplete.join(' ')}]`
  return { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message }
}

/** Reason and message are cleared where they no longer hold: the server merges conditions. */
function withTime(condition: Bare, before: readonly Condition[] | undefined, now: string): Condition {
  const old = before?.find(({ type }) => type === condition.type)
  const kept = old?.status === condition.status ? old.lastTransitionTime : undefined
  return { reason: '', message: '', ...condition, lastTransitionTime: kept ?? now }
}
