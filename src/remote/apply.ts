// Brings manifests to the cluster by server-side apply, as `kubectl apply --server-side` does: what others own stays theirs.
import { type AnyObject, ApiFault, faultOf, pathOf, readRun } from '../effects/index.ts'
import type { ManifestDocument } from '../manifest/index.ts'
import type { RunObject } from '../reconcile/index.ts'
import type { RemoteCluster } from './cluster.ts'

/** In whose name fields are owned. */
const FIELD_MANAGER = 'loom'

/** A document of a kind that runs are made of. */
export type Applicable = Extract<ManifestDocument, { kind: 'ETLPipeline' | 'ETLRun' }>

/**
 * Applies a document, or makes one of its `generateName`.
 * @returns the object as it is now
 * @throws ApiFault 409 for fields that others own, 422 for what may not be changed any more
 */
export async function applyDocument(
  cluster: RemoteCluster,
  { kind, value }: Applicable,
  { force = false } = {},
): Promise<AnyObject> {
  const { connection, namespace } = cluster
  const { name, ...metadata } = value.metadata
  const object = { apiVersion: value.apiVersion, kind, metadata: { ...value.metadata, namespace }, spec: value.spec }
  if (name === undefined)
    return await cluster.kube.create<AnyObject>(kind, { ...object, metadata: { ...metadata, namespace } })
  const response = await connection.send({
    method: 'PATCH',
    path: pathOf({ resource: kind, namespace, name }),
    query: { fieldManager: FIELD_MANAGER, ...(force ? { force: 'true' } : {}) },
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify(object),
  })
  const body = await response.body.text()
  const what = `apply ${kind} "${namespace}/${name}"`
  if (response.statusCode < 200 || response.statusCode >= 300)
    throw faultOf(what, { status: response.statusCode, body })
  return objectIn(what, body)
}

/** As a run, with its status. */
export const asRun = (object: AnyObject): RunObject => readRun(object).run

function objectIn(what: string, body: string): AnyObject {
  try {
    const parsed = JSON.parse(body) as AnyObject
    if (typeof parsed.metadata?.name === 'string') return parsed
  } catch {
    // falls through to the fault
  }
  const message = `cannot ${what}: the answer is no object of Kubernetes`
  throw new ApiFault({ status: 0, code: 'BadAnswer', message })
}
