// The kinds that the operator touches, and their places in the API. Nothing else can be asked for by mistake.

export interface ResourceType {
  apiVersion: string
  kind: string
  plural: string
}

export const RESOURCES = {
  ETLRun: { apiVersion: 'loom.etl/v1alpha1', kind: 'ETLRun', plural: 'etlruns' },
  ETLPipeline: { apiVersion: 'loom.etl/v1alpha1', kind: 'ETLPipeline', plural: 'etlpipelines' },
  ETLStorage: { apiVersion: 'loom.etl/v1alpha1', kind: 'ETLStorage', plural: 'etlstorages' },
  ETLWorkerPool: { apiVersion: 'loom.etl/v1alpha1', kind: 'ETLWorkerPool', plural: 'etlworkerpools' },
  Job: { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs' },
  Deployment: { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' },
  Pod: { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
  ConfigMap: { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
  Event: { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events' },
  Lease: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases' },
} as const satisfies Record<string, ResourceType>

export type ResourceName = keyof typeof RESOURCES

/** What every object has. */
export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: {
    name: string
    namespace?: string
    uid?: string
    resourceVersion?: string
    generation?: number
    creationTimestamp?: string
    deletionTimestamp?: string
    finalizers?: string[]
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: {
      apiVersion: string
      kind: string
      name: string
      uid: string
      controller?: boolean
      blockOwnerDeletion?: boolean
    }[]
    managedFields?: unknown
  }
}

export interface ObjectPlace {
  resource: ResourceName
  /** Absent: all namespaces (lists and watches only). */
  namespace?: string
  name?: string
  subresource?: 'status'
}

/** The URL path of a place: `/apis/batch/v1/namespaces/x/jobs/y`. */
export function pathOf({ resource, namespace, name, subresource }: ObjectPlace): string {
  const { apiVersion, plural } = RESOURCES[resource]
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${root}${scope}/${plural}${object}${subresource === undefined ? '' : `/${subresource}`}`
}

/** `namespace/name`, the key of an object in caches and queues. */
export const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`
