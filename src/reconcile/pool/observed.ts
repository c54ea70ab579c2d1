// All that a decision about a pool rests on, as one value: serialisable, free of secrets.

import type { Problem } from '../../compile/index.ts'
import type { StoragePods } from '../../manifest/index.ts'
import type { StorageBinding } from '../../plan/index.ts'
import type { PodTrouble } from '../observed.ts'
import type { RenderDefaults } from '../render/job.ts'
import type { PoolObject } from './pool-object.ts'

/** How workers reach the broker, as the operator knows it. */
export interface WorkerNats {
  /** Addresses, with commas between them. */
  url: string
  /** What subjects begin with. */
  prefix: string
}

/** What of the pool's storage concerns its workers. */
export interface PoolStorage {
  pods: StoragePods
  /** The Secret with what workers need to reach the broker. */
  credentials?: string
  /** How `s3://` places are reached. */
  objectStore?: NonNullable<StorageBinding['objectStore']>
}

export interface DeploymentFact {
  name: string
  uid: string
  /** It belongs to this pool. */
  isOurs: boolean
  /** Of what was last told to it. */
  replicas: number
  templateHash: string
  /** Its controller has seen what was last told to it. */
  isSeen: boolean
  total: number
  updated: number
  ready: number
  /** Why it can't make pods, or does not get on. */
  trouble?: string
}

export interface WorkerFact {
  name: string
  uid: string
  ready: boolean
  deleting: boolean
  /** Its pod is over, and no container of it starts again. */
  ended: boolean
  /** On its node, and its container is not started yet; since when its pod is there, in ms since the epoch. */
  startingSince?: number
  /** It is marked as one of the first to go. */
  marked: boolean
  trouble?: PodTrouble | { reason: 'CrashLoop'; message: string }
}

/** What the leader knows of the pool's work. */
export interface LoadFact {
  backlog: number
  busy: string[]
  idle: string[]
  /** Those that get no more steps, as the dispatch was last told. */
  draining: string[]
  /** All workers have had the time to say what they do: a missing one does nothing. */
  isComplete: boolean
  /** The broker can't be reached. */
  isDown: boolean
}

export interface PoolObserved {
  /** Milliseconds since the epoch. */
  now: number
  pool: PoolObject
  /** What is wrong with its spec. */
  problems: Problem[]
  /** Absent: the operator has no broker. */
  nats?: WorkerNats
  /** Absent: there is none of that name. */
  storage?: PoolStorage
  deployment?: DeploymentFact
  workers: WorkerFact[]
  load: LoadFact
  defaults: RenderDefaults
}
