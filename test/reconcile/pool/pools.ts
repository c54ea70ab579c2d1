// Pools for tests: each test says only what matters to it.
import type { WorkerPoolSpec } from '../../../src/manifest/index.ts'
import type {
  DeploymentFact,
  LoadFact,
  PoolDecision,
  PoolObject,
  PoolObserved,
  WorkerFact,
} from '../../../src/reconcile/index.ts'
import { templateHashOf } from '../../../src/reconcile/pool/deployment.ts'

export const NOW = Date.parse('2026-03-01T12:00:00Z')

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

export const worker = (name: string, more: Partial<WorkerFact> = {}): WorkerFact => ({
  name,
  uid: `uid-of-${name}`,
  ready: true,
  deleting: false,
  ended: false,
  marked: false,
  ...more,
})

export const load = (more: Partial<LoadFact> = {}): LoadFact => ({
  backlog: 0,
  busy: [],
  idle: [],
  draining: [],
  isComplete: true,
  isDown: false,
  ...more,
})

/** A pool that has what it needs, and no Deployment yet. */
export const observed = (more: Partial<PoolObserved> = {}): PoolObserved => ({
  now: NOW,
  pool: pool(),
  problems: [],
  nats: { url: 'nats://nats.etl:4222', prefix: 'loom' },
  storage: { pods: {} },
  workers: [],
  load: load(),
  defaults: { image: 'loom:dev' },
  ...more,
})

/** With its Deployment as it should be, of so many workers, all there. */
export function running(
  replicas: number,
  more: Partial<PoolObserved> = {},
  fact: Partial<DeploymentFact> = {},
): PoolObserved {
  const workers = Array.from({ length: replicas }, (_, i) => worker(`w${i}`))
  const seen = observed({ workers, load: load({ idle: workers.map(({ name }) => name) }), ...more })
  const { pool: of, storage = { pods: {} }, nats = { url: '', prefix: '' }, defaults } = seen
  const deployment: DeploymentFact = {
    name: 'warm-workers-12345',
    uid: 'deployment-uid',
    isOurs: true,
    replicas,
    templateHash: templateHashOf({ pool: of, storage, nats, defaults }),
    isSeen: true,
    total: replicas,
    updated: replicas,
    ready: replicas,
    ...fact,
  }
  return { ...seen, deployment }
}

export const actionsOf = ({ actions }: PoolDecision): string[] =>
  actions.map((action) => {
    switch (action.kind) {
      case 'drain':
        return `drain ${action.workers.join(' ')}`.trim()
      case 'mark':
      case 'unmark':
        return `${action.kind} ${action.name}`
      default:
        return `${action.kind} ${action.replicas}`
    }
  })
