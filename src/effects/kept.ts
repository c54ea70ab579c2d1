// What the caches keep of an object: what a decision reads of it, and nothing else. The operator's memory is bounded by this, and
// by what goes on, not by what has been: a finished run is a stub, and so are its Job, pod and ConfigMap in any case.
import { FINAL_PHASES, type Phase } from '../manifest/index.ts'
import { DELETION_COST, LABELS, listAt, numberAt, TEMPLATE_HASH, textAt } from '../reconcile/index.ts'
import type { KubeObject } from './kube/index.ts'

export type AnyObject = KubeObject & {
  spec?: unknown
  status?: unknown
  data?: Record<string, string>
  binaryData?: Record<string, string>
}

type Metadata = KubeObject['metadata']

/** Nobody reads who has written it, or how kubectl last applied it (which is the whole object once more). */
export function withoutHistory(object: AnyObject): AnyObject {
  const { managedFields: _managed, annotations: _annotations, ...metadata } = object.metadata
  return { ...object, metadata }
}

/**
 * Of a finished run only what its end needs: whether and when to delete it, and what to clean up. One whose spec was changed
 * afterwards is kept whole until its status, with all its conditions, tells of that change.
 */
export function runOrStub(object: AnyObject): AnyObject {
  const phase = textAt(object, 'status', 'phase') as Phase | undefined
  const hasEnded =
    phase !== undefined && FINAL_PHASES.includes(phase) && textAt(object, 'status', 'startedAt') !== undefined
  const isSeen = numberAt(object, 'status', 'observedGeneration') === object.metadata.generation
  if (!hasEnded || !isSeen || mayGoOn(object, phase)) return withoutHistory(object)
  const { labels: _labels, ownerReferences: _owners, ...metadata } = withoutHistory(object).metadata
  const spec = pick(object.spec, ['ttlAfterFinished', 'correlationId', 'runId', 'step', 'storageRef', 'pipelineRef'])
  const status = pick(object.status, [
    'phase',
    'reason',
    'message',
    'runId',
    'planHash',
    'planConfigMap',
    'startedAt',
    'finishedAt',
    'observedGeneration',
    'attempt',
  ])
  return { metadata, spec, status }
}

/** Asked to go on again: the decision about that reads all of it. */
const mayGoOn = (object: AnyObject, phase: Phase): boolean =>
  phase !== 'Succeeded' && (numberAt(object, 'spec', 'restarts') ?? 0) > (numberAt(object, 'status', 'restarts') ?? 0)

/** That it is there, and whose it is. */
export const presence = (object: AnyObject): AnyObject => ({ metadata: ownedMetadata(object.metadata) })

/** How a Job stands. */
export function jobStub(object: AnyObject): AnyObject {
  const conditions = conditionsOf(object, () => true)
  return { metadata: ownedMetadata(object.metadata), status: conditions.length === 0 ? {} : { conditions } }
}

/** What is wanted of a pool's Deployment, and how it stands. */
export function deploymentStub(object: AnyObject): AnyObject {
  const spec = pick(object.spec, ['replicas'])
  return { metadata: workerMetadata(object.metadata), spec, status: object.status }
}

/** Workers' pods are few, and more is asked of them than of a step's. */
function workerStub(object: AnyObject): AnyObject {
  return { metadata: workerMetadata(object.metadata), status: object.status }
}

/** How a pod and its containers stand. Of its conditions only whether a node has it, and whether it is taken away. */
export function podStub(object: AnyObject): AnyObject {
  if (object.metadata.labels?.[LABELS.component] === 'worker') return workerStub(object)
  const conditions = conditionsOf(object, (type) => type === 'DisruptionTarget' || type === 'PodScheduled')
  const containerStatuses = listAt(object, 'status', 'containerStatuses').map((one) => pick(one, ['name', 'state']))
  const status = pick(object.status, ['phase', 'reason', 'message'])
  return {
    metadata: ownedMetadata(object.metadata),
    status: {
      ...status,
      ...(conditions.length === 0 ? {} : { conditions }),
      ...(containerStatuses.length === 0 ? {} : { containerStatuses }),
    },
  }
}

function workerMetadata(metadata: Metadata): Metadata {
  const { generation, annotations = {}, labels = {} } = metadata
  return {
    ...ownedMetadata(metadata),
    labels: pick(labels, [LABELS.component, LABELS.poolUid]) as Record<string, string>,
    annotations: pick(annotations, [DELETION_COST, TEMPLATE_HASH]) as Record<string, string>,
    ...(generation === undefined ? {} : { generation }),
  }
}

const OWN_LABELS = [LABELS.runUid, LABELS.process, LABELS.step, LABELS.attempt, LABELS.try] as const

function ownedMetadata(metadata: Metadata): Metadata {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels = {} } = metadata
  const owner = listAt({ metadata }, 'metadata', 'ownerReferences').find((one) => one['controller'] === true)
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    labels: pick(labels, OWN_LABELS) as Record<string, string>,
    ...(owner === undefined
      ? {}
      : { ownerReferences: [owner] as unknown[] as NonNullable<Metadata['ownerReferences']> }),
  }
}

function conditionsOf(object: AnyObject, wanted: (type: unknown) => boolean): object[] {
  return listAt(object, 'status', 'conditions')
    .filter((condition) => wanted(condition['type']))
    .map((condition) => pick(condition, ['type', 'status', 'reason', 'message']))
}

function pick(value: unknown, fields: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter(([key]) => fields.includes(key)))
}
