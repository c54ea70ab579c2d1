// What a pool's Deployment and its workers' pods tell, as small facts. Malformed objects become facts too, never a throw.
import { isOwnedBy } from '../facts/job.ts'
import { isBound, troubleOf } from '../facts/pod.ts'
import { at, listAt, numberAt, type Raw, textAt, timeAt } from '../facts/raw.ts'
import { DELETION_COST, MARKED_COST, TEMPLATE_HASH } from './deployment.ts'
import type { DeploymentFact, WorkerFact } from './observed.ts'

export function deploymentFact(deployment: unknown, poolUid: string): DeploymentFact {
  const generation = numberAt(deployment, 'metadata', 'generation') ?? 0
  const trouble = deploymentTrouble(deployment)
  return {
    name: textAt(deployment, 'metadata', 'name') ?? '',
    uid: textAt(deployment, 'metadata', 'uid') ?? '',
    isOurs: isOwnedBy(deployment, poolUid),
    replicas: numberAt(deployment, 'spec', 'replicas') ?? 1,
    templateHash: textAt(deployment, 'metadata', 'annotations', TEMPLATE_HASH) ?? '',
    isSeen: (numberAt(deployment, 'status', 'observedGeneration') ?? 0) >= generation,
    total: numberAt(deployment, 'status', 'replicas') ?? 0,
    updated: numberAt(deployment, 'status', 'updatedReplicas') ?? 0,
    ready: numberAt(deployment, 'status', 'readyReplicas') ?? 0,
    ...(trouble === undefined ? {} : { trouble }),
  }
}

function deploymentTrouble(deployment: unknown): string | undefined {
  const conditions = listAt(deployment, 'status', 'conditions')
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  const stuck = conditions.find(({ type, status }) => type === 'Progressing' && status === 'False')
  return textAt(failure, 'message') ?? textAt(stuck, 'message')
}

/** undefined when it is not a pod of this pool. */
export function workerFact(pod: unknown): WorkerFact | undefined {
  const name = textAt(pod, 'metadata', 'name')
  const uid = textAt(pod, 'metadata', 'uid')
  if (name === undefined || uid === undefined) return undefined
  const ready = listAt(pod, 'status', 'conditions').find(({ type }) => type === 'Ready')
  const trouble = crashLoopOf(pod) ?? troubleOf(pod)
  const isStarting = isBound(pod) && trouble === undefined
  return {
    name,
    uid,
    ready: ready?.['status'] === 'True',
    deleting: at(pod, 'metadata', 'deletionTimestamp') !== undefined,
    ended: ['Failed', 'Succeeded'].includes(textAt(pod, 'status', 'phase') ?? ''),
    marked: textAt(pod, 'metadata', 'annotations', DELETION_COST) === MARKED_COST,
    ...(isStarting ? { startingSince: timeAt(pod, 'metadata', 'creationTimestamp') ?? 0 } : {}),
    ...(trouble === undefined ? {} : { trouble }),
  }
}

function crashLoopOf(pod: unknown): WorkerFact['trouble'] {
  const status: Raw | undefined = listAt(pod, 'status', 'containerStatuses')[0]
  if (textAt(status, 'state', 'waiting', 'reason') !== 'CrashLoopBackOff') return undefined
  const code = numberAt(status, 'lastState', 'terminated', 'exitCode')
  const said = (textAt(status, 'lastState', 'terminated', 'message') ?? '').trim().slice(0, 256)
  const ended =
    code === undefined ? 'the worker ends again and again' : `the worker ends again and again, with code ${code}`
  return { reason: 'CrashLoop', message: said === '' ? `${ended}; see its log` : `${ended}: ${said}` }
}
