// All that a decision rests on, as one value: serialisable, free of secrets, so that a test or a bug report can hold it.
import type { Problem } from '../compile/index.ts'
import type { RunSpec, RunStatus, StoragePods } from '../manifest/index.ts'
import type { Plan, StepOutcome, StorageBinding } from '../plan/index.ts'
import type { PoolObject } from './pool/pool-object.ts'

export interface RunObject {
  metadata: {
    name: string
    namespace: string
    uid: string
    generation: number
    resourceVersion: string
    /** Milliseconds since the epoch. */
    createdAt: number
    deletedAt?: number
    finalizers: string[]
  }
  spec: RunSpec
  status: RunStatus
}

/** What is known of the run's plan. Before its start it is compiled anew at each look; afterwards it is what was stored. */
export type PlanFact =
  | { state: 'waiting'; reason: 'PipelineNotFound' | 'StorageNotFound'; message: string }
  | { state: 'problems'; problems: Problem[] }
  | { state: 'compiled'; plan: Plan; binding: StorageBinding; pods: StoragePods }
  /** `present`: the ConfigMap is there; otherwise it must be made again before a step is started. */
  | { state: 'stored'; plan: Plan; binding: StorageBinding; pods: StoragePods; present: boolean }
  | { state: 'lost'; message: string }

/** Which try of which step an object belongs to. */
export interface TryId {
  process: string
  step: string
  attempt: number
  try: number
}

export interface JobFact extends TryId {
  name: string
  uid: string
  createdAt: number
  deleting: boolean
  state: 'active' | 'complete' | 'failed'
  /** Of the Failed condition: BackoffLimitExceeded, DeadlineExceeded, PodFailurePolicy … */
  reason?: string
  message?: string
  /** Why its pod can't be made, from its events. */
  podTrouble?: { reason: 'QuotaExceeded' | 'AdmissionDenied' | 'PodCreationFailed'; message: string }
}

/** Why a pod does not get going. */
export interface PodTrouble {
  reason: 'Unschedulable' | 'ImagePullFailed' | 'CreateContainerError'
  message: string
}

export type PodEnd =
  | { kind: 'outcome'; outcome: StepOutcome }
  | { kind: 'malformed'; message: string }
  /** The container ended and said nothing. */
  | { kind: 'silent'; exitCode: number; reason: string; message: string }
  /** The container could not be started at all. */
  | { kind: 'notStarted'; message: string }
  /** Not the step's fault. */
  | { kind: 'disrupted'; reason: 'Evicted' | 'Preempted' | 'NodeLost' | 'PodDeleted'; message: string }
  | { kind: 'outOfMemory'; message: string }
  | { kind: 'timedOut'; message: string }

export interface PodFact extends TryId {
  name: string
  uid: string
  createdAt: number
  deleting: boolean
  running: boolean
  /** A node has it, but its container has not been started. */
  starting: boolean
  trouble?: PodTrouble
  end?: PodEnd
}

/** A step that is offered or leased to a worker of a pool, as the leader knows it; it may know nothing (yet). */
export interface LeaseFact extends TryId {
  state: 'offered' | 'leased' | 'expired' | 'ended'
  worker?: string
  lost?: 'LeaseExpired' | 'BrokerLost'
  outcome?: StepOutcome
}

/** The broker and the pools of the run's namespace, by name. */
export interface DispatchFact {
  broker: { state: 'none' } | { state: 'up' } | { state: 'down'; since: number }
  /** Until then a worker may have a lease of an earlier leader that this one has not heard of; ms since the epoch. */
  oldLeasesEnd: number
  pools: PoolFact[]
}

export interface PoolFact {
  pool: PoolObject
  /** How many workers have a step or wait for one. */
  workers: number
}

export interface CleanUpFact {
  state: 'none' | 'active' | 'complete' | 'failed'
  uid?: string
}

export interface Observed {
  /** Milliseconds since the epoch. */
  now: number
  run: RunObject
  plan: PlanFact
  /** Jobs of this run. One that the status says was made and that the cache lacks has been read live: absence is believed. */
  jobs: JobFact[]
  pods: PodFact[]
  leases: LeaseFact[]
  dispatch: DispatchFact
  cleanUp: CleanUpFact
}
