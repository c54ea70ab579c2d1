// What a Job tells, as a small fact.
import type { JobFact, PodTrouble, TryId } from '../observed.ts'
import { LABELS } from '../render/names.ts'
import { at, listAt, textAt, timeAt } from './raw.ts'

/** Whose try an object is, by its labels; undefined for what is not a step's. */
export function tryIdOf(object: unknown): TryId | undefined {
  const label = (name: string) => textAt(object, 'metadata', 'labels', name)
  const process = label(LABELS.process)
  const step = label(LABELS.step)
  const attempt = Number(label(LABELS.attempt))
  const number = Number(label(LABELS.try))
  if (process === undefined || step === undefined || !(attempt >= 1) || !(number >= 1)) return undefined
  return { process, step, attempt, try: number }
}

/** undefined when it is not the Job of a step of this run: labels and controller must say so. */
export function jobFact(job: unknown, runUid: string): JobFact | undefined {
  const id = tryIdOf(job)
  const name = textAt(job, 'metadata', 'name')
  const uid = textAt(job, 'metadata', 'uid')
  if (id === undefined || name === undefined || uid === undefined || !isOwnedBy(job, runUid)) return undefined
  const failed = conditionOf(job, 'Failed') ?? conditionOf(job, 'FailureTarget')
  const state = jobState(job)
  const reason = textAt(failed, 'reason')
  const message = textAt(failed, 'message')
  return {
    ...id,
    name,
    uid,
    createdAt: timeAt(job, 'metadata', 'creationTimestamp') ?? 0,
    deleting: at(job, 'metadata', 'deletionTimestamp') !== undefined,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  }
}

export function jobState(job: unknown): JobFact['state'] {
  if (conditionOf(job, 'Failed') !== undefined || conditionOf(job, 'FailureTarget') !== undefined) return 'failed'
  if (conditionOf(job, 'Complete') !== undefined || conditionOf(job, 'SuccessCriteriaMet') !== undefined)
    return 'complete'
  return 'active'
}

const conditionOf = (object: unknown, type: string) =>
  listAt(object, 'status', 'conditions').find(
    (condition) => condition['type'] === type && condition['status'] === 'True',
  )

export const isOwnedBy = (object: unknown, uid: string): boolean =>
  listAt(object, 'metadata', 'ownerReferences').some((owner) => owner['uid'] === uid && owner['controller'] === true)

/** What the Job controller's events say about why there is no pod; the newest counts. */
export function podTroubleOf(events: unknown[]): JobFact['podTrouble'] {
  const message = newestNote(events, ['FailedCreate'])
  if (message === undefined) return undefined
  if (/exceeded quota|failed quota/.test(message)) return { reason: 'QuotaExceeded', message }
  if (/violates PodSecurity|admission webhook|denied the request|is forbidden|ValidatingAdmissionPolicy/.test(message))
    return { reason: 'AdmissionDenied', message }
  return { reason: 'PodCreationFailed', message }
}

const MOUNT_FAULTS = ['FailedMount', 'FailedCreatePodSandBox']

/** What the kubelet's events say about why the container of a pod is not started: no status tells of a missing Secret or key. */
export function mountTroubleOf(events: unknown[]): PodTrouble | undefined {
  const message = newestNote(events, MOUNT_FAULTS)
  return message === undefined ? undefined : { reason: 'CreateContainerError', message }
}

function newestNote(events: unknown[], reasons: readonly string[]): string | undefined {
  const notes = events
    .filter((event) => reasons.includes(textAt(event, 'reason') ?? ''))
    .sort((a, b) => newest(b) - newest(a))
    .map((event) => textAt(event, 'note') ?? textAt(event, 'message') ?? '')
  return notes[0]
}

function newest(event: unknown): number {
  return (
    timeAt(event, 'series', 'lastObservedTime') ??
    timeAt(event, 'eventTime') ??
    timeAt(event, 'deprecatedLastTimestamp') ??
    timeAt(event, 'metadata', 'creationTimestamp') ??
    0
  )
}
