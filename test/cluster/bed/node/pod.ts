// The parts of a pod that a process node reads and writes. Names and meanings are those of the Kubernetes API.

import type { ObjectMeta } from '../api.ts'

export interface Pod {
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
  readonly status?: PodStatus
}

export interface PodSpec {
  readonly nodeName?: string
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken?: boolean
  readonly restartPolicy?: 'Never' | 'OnFailure' | 'Always'
  readonly activeDeadlineSeconds?: number
  readonly terminationGracePeriodSeconds?: number
  readonly initContainers?: readonly ContainerSpec[]
  readonly containers: readonly ContainerSpec[]
  readonly volumes?: readonly Volume[]
  readonly securityContext?: PodSecurity
}

export interface PodSecurity {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly fsGroup?: number
  readonly supplementalGroups?: readonly number[]
}

export interface ContainerSpec {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly restartPolicy?: string
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly EnvFrom[]
  readonly volumeMounts?: readonly VolumeMount[]
  readonly resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  readonly securityContext?: PodSecurity & {
    readonly readOnlyRootFilesystem?: boolean
    readonly capabilities?: { readonly drop?: readonly string[] }
  }
  readonly terminationMessagePath?: string
  readonly terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError'
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: FieldRef
    readonly resourceFieldRef?: ResourceFieldRef
    readonly configMapKeyRef?: KeyRef
    readonly secretKeyRef?: KeyRef
  }
}

export interface EnvFrom {
  readonly prefix?: string
  readonly configMapRef?: NameRef
  readonly secretRef?: NameRef
}

export interface FieldRef {
  readonly fieldPath: string
}

export interface ResourceFieldRef {
  readonly containerName?: string
  readonly resource: string
  readonly divisor?: string
}

export interface NameRef {
  readonly name: string
  readonly optional?: boolean
}

export interface KeyRef extends NameRef {
  readonly key: string
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string
  readonly readOnly?: boolean
}

export interface KeyToPath {
  readonly key: string
  readonly path: string
  readonly mode?: number
}

export interface KeysSource {
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
}

export interface DownwardItem {
  readonly path: string
  readonly fieldRef?: FieldRef
  readonly resourceFieldRef?: ResourceFieldRef
}

export interface Volume {
  readonly name: string
  readonly emptyDir?: object
  readonly hostPath?: { path: string; type?: string }
  readonly configMap?: KeysSource & { name: string; defaultMode?: number }
  readonly secret?: KeysSource & { secretName: string; defaultMode?: number }
  readonly downwardAPI?: { items?: readonly DownwardItem[]; defaultMode?: number }
  readonly projected?: { sources: readonly Projection[]; defaultMode?: number }
  readonly persistentVolumeClaim?: { claimName: string; readOnly?: boolean }
}

export interface Projection {
  readonly configMap?: KeysSource & { name: string }
  readonly secret?: KeysSource & { name: string }
  readonly downwardAPI?: { items?: readonly DownwardItem[] }
  readonly serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number }
}

export interface PodStatus {
  readonly phase?: Phase
  readonly reason?: string
  readonly message?: string
  readonly startTime?: string
  readonly hostIP?: string
  readonly podIP?: string
  readonly conditions?: readonly Condition[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
  readonly containerStatuses?: readonly ContainerStatus[]
}

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export interface Waiting {
  readonly reason: string
  readonly message?: string
}

export interface Terminated {
  readonly exitCode: number
  readonly reason: string
  readonly message?: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly containerID?: string
}

export interface ContainerState {
  readonly waiting?: Waiting
  readonly running?: { readonly startedAt: string }
  readonly terminated?: Terminated
}

export interface ContainerStatus {
  readonly name: string
  readonly image: string
  readonly imageID: string
  readonly containerID?: string
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly state: ContainerState
  readonly lastState: ContainerState
}

/** `namespace/name`, as people and messages call a pod. */
export function podKey(pod: { metadata: ObjectMeta }): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`
}
