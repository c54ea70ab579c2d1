// A pool as decisions see it, and how its workers' pods look.
import type { PodSettings, StoragePods, WorkerPoolSpec, WorkerPoolStatus } from '../../manifest/index.ts'
import { DEFAULT_RESOURCES } from '../default-resources.ts'
import { settingsOf } from '../pod-policy.ts'

export interface PoolObject {
  metadata: {
    name: string
    namespace: string
    uid: string
    generation: number
    resourceVersion: string
    /** It is being deleted. */
    deleting: boolean
  }
  spec: WorkerPoolSpec
  status: WorkerPoolStatus
}

export const storageNameOf = ({ storageRef }: WorkerPoolSpec): string => storageRef?.name ?? 'default'

/** What the pool asks for, as far as its storage allows; how large its workers are is its own affair. */
export function workerSettings({ pod = {}, resources }: WorkerPoolSpec, pods: StoragePods): PodSettings {
  return {
    ...settingsOf(pod, pods),
    resources: resources ?? pods.resources ?? DEFAULT_RESOURCES,
  }
}
