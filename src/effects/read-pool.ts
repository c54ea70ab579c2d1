// Reads an ETLWorkerPool from the API without trusting it: one that is malformed is as one that asks for nothing.
import { type WorkerPoolSpec, workerPoolSpecSchema, workerPoolStatusSchema } from '../manifest/index.ts'
import type { PoolObject } from '../reconcile/index.ts'
import type { AnyObject } from './kept.ts'

/** A pool that this operator can't read gives out nothing. */
const UNREADABLE: WorkerPoolSpec = { replicas: { max: 1 }, paused: true }

/** Every look at a run asks for its pools; cached objects are never changed in place. */
const KNOWN = new WeakMap<AnyObject, PoolObject>()

export function readPool(raw: AnyObject): PoolObject {
  const known = KNOWN.get(raw) ?? read(raw)
  KNOWN.set(raw, known)
  return known
}

function read({ metadata, spec, status }: AnyObject): PoolObject {
  const readSpec = workerPoolSpecSchema.safeParse(spec)
  const readStatus = workerPoolStatusSchema.safeParse(status ?? {})
  return {
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      uid: metadata.uid ?? '',
      generation: metadata.generation ?? 0,
      resourceVersion: metadata.resourceVersion ?? '',
      deleting: metadata.deletionTimestamp !== undefined,
    },
    spec: readSpec.success ? readSpec.data : UNREADABLE,
    status: readStatus.success ? readStatus.data : {},
  }
}
