// What became of a running step, read from its Job and pods. The facts are looked at in the order of their worth: an
// outcome first, whatever else happened; then what ended the pod; then what keeps it from starting; then what is missing.
import type { FaultKind } from '../base/index.ts'
import type { Reason } from '../manifest/index.ts'
import type { StepOutcome } from '../plan/index.ts'
import {
  MAX_DISRUPTIONS,
  POD_CREATION_DEADLINE,
  POD_EVENTS_PERIOD,
  POD_START_PATIENCE,
  POD_START_PERIOD,
  POD_TROUBLE_DEADLINE,
} from './limits.ts'
import type { JobFact, Observed, PodFact, TryId } from './observed.ts'
import type { StepRecord } from './step-record.ts'

export type Verdict =
  /** `lookAgainAt`: when something may be known that no watch tells. */
  | { kind: 'running'; lookAgainAt?: number }
  /** Running as far as the step is concerned, but something keeps it; `untilMs`: when waiting becomes failing. */
  | { kind: 'held'; reason: Reason; message: string; untilMs: number }
  | { kind: 'succeeded'; outcome: StepOutcome }
  | { kind: 'failed'; reason: Reason; message: string; outcome?: StepOutcome }
  /** Not the step's fault: try again within the attempt. */
  | { kind: 'disrupted'; reason: Reason; message: string }

const REASON_OF_KIND: Record<FaultKind, Reason> = {
  invalid: 'InvalidInput',
  denied: 'AccessDenied',
  missing: 'MissingInput',
  conflict: 'WriteConflict',
  transient: 'TransientFault',
  defect: 'Defect',
}

/** Reasons of a failed step after which another attempt may help. */
export const MAY_PASS: ReadonlySet<string> = new Set<Reason>([
  'MissingInput',
  'WriteConflict',
  'TransientFault',
  'TimedOut',
  'OutOfMemory',
  'OutcomeMissing',
  'OutcomeMalformed',
  'TooManyDisruptions',
  'NoWorkers',
  'PoolNotFound',
  'PoolPaused',
  'BrokerUnreachable',
])

export const isOf = (id: TryId) => (fact: TryId) =>
  fact.process === id.process && fact.step === id.step && fact.attempt === id.attempt && fact.try === id.try

/** @param record a step in state Running */
export function judgeStep(record: StepRecord, observed: Pick<Observed, 'now' | 'jobs' | 'pods'>): Verdict {
  const job = observed.jobs.find(isOf(record))
  const pods = observed.pods.filter(isOf(record)).sort((a, b) => b.createdAt - a.createdAt)
  const ended = pods.find(({ end }) => end?.kind === 'outcome') ?? pods.find(({ end }) => end !== undefined)
  if (ended?.end !== undefined) return judgeEnd(ended.end, record)
  const pod = pods[0]
  if (pod?.trouble !== undefined) return judgeTrouble(pod, pod.trouble, record, observed.now)
  if (job === undefined) return disrupted(record, 'JobDeleted', 'its Job was deleted by somebody')
  if (pod !== undefined)
    return pod.deleting && job.state === 'failed'
      ? disrupted(record, 'PodDeleted', `its pod "${pod.name}" was deleted by somebody`)
      : startingOrRunning(pod, observed.now)
  return judgeJobWithoutPod(job, record, observed.now)
}

/** Why a pod does not get started on its node is told by events only. */
function startingOrRunning({ starting, createdAt }: PodFact, now: number): Verdict {
  if (!starting) return { kind: 'running' }
  const first = createdAt + POD_START_PATIENCE
  return { kind: 'running', lookAgainAt: now < first ? first : now + POD_START_PERIOD }
}

function judgeEnd(end: NonNullable<PodFact['end']>, record: StepRecord): Verdict {
  switch (end.kind) {
    case 'outcome':
      return judgeOutcome(end.outcome)
    case 'malformed':
      return { kind: 'failed', reason: 'OutcomeMalformed', message: end.message }
    case 'silent':
      return {
        kind: 'failed',
        reason: 'OutcomeMissing',
        message: `the container ended with exit code ${end.exitCode} (${end.reason}) and told no outcome`,
      }
    case 'notStarted':
      return { kind: 'failed', reason: 'CreateContainerError', message: end.message }
    case 'outOfMemory':
      return { kind: 'failed', reason: 'OutOfMemory', message: end.message }
    case 'timedOut':
      return { kind: 'failed', reason: 'TimedOut', message: end.message }
    case 'disrupted':
      return disrupted(record, end.reason, end.message)
  }
}

export function judgeOutcome(outcome: StepOutcome): Verdict {
  if (outcome.state === 'Succeeded') return { kind: 'succeeded', outcome }
  const { kind = 'defect', code = '', message = 'the step ended without an error' } = outcome.error ?? {}
  const reason = code === 'TimedOut' || code === 'OutOfMemory' ? code : REASON_OF_KIND[kind]
  return { kind: 'failed', reason, message, outcome }
}

function judgeTrouble(
  pod: PodFact,
  trouble: NonNullable<PodFact['trouble']>,
  record: StepRecord,
  now: number,
): Verdict {
  const { reason, message } = trouble
  const untilMs = pod.createdAt + POD_TROUBLE_DEADLINE[reason]
  if (now < untilMs) return { kind: 'held', reason, message, untilMs }
  const waited = `${message}; waited ${Math.round((now - pod.createdAt) / 60_000)} minutes`
  if (reason === 'ImagePullFailed') return disrupted(record, reason, waited)
  return { kind: 'failed', reason, message: waited }
}

function judgeJobWithoutPod(job: JobFact, record: StepRecord, now: number): Verdict {
  if (job.state === 'failed' || job.state === 'complete') {
    if (job.reason === 'DeadlineExceeded')
      return { kind: 'failed', reason: 'TimedOut', message: job.message ?? 'the Job took too long' }
    return disrupted(record, 'PodDeleted', 'its pod was deleted by somebody before it told its outcome')
  }
  const untilMs = job.createdAt + POD_CREATION_DEADLINE
  if (job.podTrouble === undefined) return { kind: 'running', lookAgainAt: now + POD_EVENTS_PERIOD }
  const { reason, message } = job.podTrouble
  if (now < untilMs) return { kind: 'held', reason, message, untilMs }
  return { kind: 'failed', reason, message }
}

export function disrupted(record: StepRecord, reason: Reason, message: string): Verdict {
  if ((record.disruptions ?? 0) < MAX_DISRUPTIONS) return { kind: 'disrupted', reason, message }
  return {
    kind: 'failed',
    reason: 'TooManyDisruptions',
    message: `disrupted ${MAX_DISRUPTIONS + 1} times, the last time by ${reason}: ${message}`,
  }
}
