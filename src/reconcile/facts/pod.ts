// What a step's pod tells, as a small fact. Reasons are those that kubelet, scheduler and controllers write.
import { decodeOutcome } from '../../plan/index.ts'
import type { PodEnd, PodFact, PodTrouble, TryId } from '../observed.ts'
import { jobName, type RunMetadata } from '../render/names.ts'
import { tryIdOf } from './job.ts'
import { at, listAt, numberAt, type Raw, textAt, timeAt } from './raw.ts'

/** undefined when it is not the pod of a step of this run: labels must say so, and its controller be that step's Job. */
export function podFact(pod: unknown, run: RunMetadata): PodFact | undefined {
  const id = tryIdOf(pod)
  const name = textAt(pod, 'metadata', 'name')
  const uid = textAt(pod, 'metadata', 'uid')
  if (id === undefined || name === undefined || uid === undefined) return undefined
  if (!listAt(pod, 'metadata', 'ownerReferences').some(isJob(jobName(run, id)))) return undefined
  const deleting = at(pod, 'metadata', 'deletionTimestamp') !== undefined
  const end = endOf(pod, id, run.uid)
  const trouble = end === undefined ? troubleOf(pod) : undefined
  return {
    ...id,
    name,
    uid,
    createdAt: timeAt(pod, 'metadata', 'creationTimestamp') ?? 0,
    deleting,
    running: textAt(pod, 'status', 'phase') === 'Running',
    starting: end === undefined && trouble === undefined && isBound(pod),
    ...(trouble === undefined ? {} : { trouble }),
    ...(end === undefined ? {} : { end }),
  }
}

const isJob = (name: string) => (owner: Raw) =>
  owner['kind'] === 'Job' && owner['name'] === name && owner['controller'] === true

function endOf(pod: unknown, id: TryId, runUid: string): PodEnd | undefined {
  const terminated = at(containerStatus(pod), 'state', 'terminated')
  const told = outcomeOf(textAt(terminated, 'message') ?? '', id, runUid)
  // A step that was told to stop says so; why it was told is in the pod.
  if (told?.kind === 'outcome' && told.outcome.state !== 'Cancelled') return told
  const lost = disruptionOf(pod)
  if (lost !== undefined) return lost
  if (textAt(pod, 'status', 'reason') === 'DeadlineExceeded') {
    return {
      kind: 'timedOut',
      message: textAt(pod, 'status', 'message') ?? 'the pod was active longer than its deadline',
    }
  }
  // Why a container ended without an outcome of its own, the pod may be about to say.
  if (terminated !== undefined && textAt(terminated, 'reason') !== 'OOMKilled' && !isLastWord(pod)) return undefined
  if (told?.kind === 'outcome') return { kind: 'disrupted', reason: 'PodDeleted', message: 'the step was told to stop' }
  if (terminated !== undefined) return endOfContainer(pod, terminated, told)
  const phase = textAt(pod, 'status', 'phase')
  if (phase !== 'Failed' && phase !== 'Succeeded') return undefined
  return {
    kind: 'silent',
    exitCode: -1,
    reason: textAt(pod, 'status', 'reason') ?? phase,
    message: textAt(pod, 'status', 'message') ?? '',
  }
}

const isLastWord = (pod: unknown): boolean =>
  ['Failed', 'Succeeded'].includes(textAt(pod, 'status', 'phase') ?? '') ||
  at(pod, 'metadata', 'deletionTimestamp') !== undefined

function endOfContainer(pod: unknown, terminated: unknown, told: PodEnd | undefined): PodEnd {
  const reason = textAt(terminated, 'reason') ?? 'Error'
  if (reason === 'OOMKilled')
    return {
      kind: 'outOfMemory',
      message: "the container was killed: it used more memory than its limit; raise the step's memory limit",
    }
  // The message is the container runtime's then, not the container's.
  if (reason === 'StartError' || reason === 'ContainerCannotRun')
    return { kind: 'notStarted', message: `${reason}: ${(textAt(terminated, 'message') ?? '').slice(0, 256)}` }
  if (told !== undefined) return told
  if (at(pod, 'metadata', 'deletionTimestamp') !== undefined) {
    return { kind: 'disrupted', reason: 'PodDeleted', message: 'the pod was deleted by somebody' }
  }
  return {
    kind: 'silent',
    exitCode: numberAt(terminated, 'exitCode') ?? -1,
    reason,
    message: (textAt(terminated, 'message') ?? '').slice(0, 256),
  }
}

/** The outcome, `malformed` for other text, undefined for none. One of another try of the step is no outcome of this one. */
function outcomeOf(text: string, id: TryId, runUid: string): PodEnd | undefined {
  if (text.trim() === '') return undefined
  const decoded = decodeOutcome(text)
  if (decoded === undefined)
    return {
      kind: 'malformed',
      message: `the container's outcome can't be read: ${JSON.stringify(text.slice(0, 120))}`,
    }
  const { outcome } = decoded
  const own =
    decoded.runUid === runUid &&
    decoded.attempt === id.attempt &&
    decoded.try === id.try &&
    outcome.process === id.process &&
    outcome.step === id.step
  return own
    ? { kind: 'outcome', outcome }
    : { kind: 'malformed', message: "the container's outcome is of another run, step or try" }
}

/** Pod conditions and reasons that say: not the container's doing. */
function disruptionOf(pod: unknown): PodEnd | undefined {
  const target = listAt(pod, 'status', 'conditions').find(
    (condition) => condition['type'] === 'DisruptionTarget' && condition['status'] === 'True',
  )
  const reason = textAt(target, 'reason') ?? textAt(pod, 'status', 'reason')
  const message = textAt(target, 'message') ?? textAt(pod, 'status', 'message') ?? ''
  const ended = ['Failed', 'Succeeded'].includes(textAt(pod, 'status', 'phase') ?? '')
  switch (reason) {
    case 'PreemptionByScheduler':
    case 'Preempting':
      return ended ? { kind: 'disrupted', reason: 'Preempted', message } : undefined
    case 'Evicted':
    case 'EvictionByEvictionAPI':
    case 'TerminationByKubelet':
      return ended ? { kind: 'disrupted', reason: 'Evicted', message } : undefined
    case 'NodeLost':
    case 'DeletionByTaintManager':
    case 'DeletionByPodGC':
    case 'NodeShutdown':
    case 'Terminated':
      return { kind: 'disrupted', reason: 'NodeLost', message }
    default:
      return undefined
  }
}

/** Why a pod does not get going. */
export function troubleOf(pod: unknown): PodTrouble | undefined {
  const waiting = at(containerStatus(pod), 'state', 'waiting')
  const reason = textAt(waiting, 'reason') ?? ''
  const message = textAt(waiting, 'message') ?? reason
  if (
    [
      'ErrImagePull',
      'ImagePullBackOff',
      'InvalidImageName',
      'ErrImageNeverPull',
      'RegistryUnavailable',
      'ImageInspectError',
    ].includes(reason)
  ) {
    return { reason: 'ImagePullFailed', message: `${reason}: ${message}` }
  }
  if (
    ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'CreatePodSandboxError'].includes(
      reason,
    )
  ) {
    return { reason: 'CreateContainerError', message: `${reason}: ${message}` }
  }
  const scheduled = listAt(pod, 'status', 'conditions').find((condition) => condition['type'] === 'PodScheduled')
  if (scheduled?.['status'] === 'False' && scheduled['reason'] === 'Unschedulable') {
    return { reason: 'Unschedulable', message: textAt(scheduled, 'message') ?? 'no node can take the pod' }
  }
  return undefined
}

/** On a node, which has not started its container yet. */
export const isBound = (pod: unknown): boolean =>
  textAt(pod, 'status', 'phase') === 'Pending' &&
  listAt(pod, 'status', 'conditions').some(({ type, status }) => type === 'PodScheduled' && status === 'True')

const containerStatus = (pod: unknown): Raw | undefined =>
  listAt(pod, 'status', 'containerStatuses').find((status) => status['name'] === 'step') ??
  listAt(pod, 'status', 'containerStatuses')[0]
