// Pools for tests: each test says only what matters to it.
import type { WorkerPoolSpec } from '../../../src/manifest/index.ts'
import type { PoolObject } from '../../../src/reconcile/index.ts'

export const pool = (spec: Partial<WorkerPoolSpec> = {}, more: Partial<PoolObject> = {}): PoolObject => ({
  metadata: {
    name: 'warm',
    namespace: 'etl',
    uid: 'pool-uid',
    generation: 1,
    resourceVersion: '7',
    deleting: false,
    ...more.metadata,
  },
  spec: { replicas: { max: 4 }, ...spec },
  status: more.status ?? {},
})
