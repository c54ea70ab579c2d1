// What keeps a pool from having workers at all. Those that it has are left alone, but where they are not allowed any more.
import { settingProblems } from '../pod-policy.ts'
import { storageNameOf } from './pool-object.ts'
import type { PoolRule } from './ruling.ts'

/** Its Deployment goes with it; its workers get no more steps. */
export const beingDeleted: PoolRule = ({ pool, workers, load }) => {
  if (!pool.metadata.deleting) return undefined
  const names = workers.map(({ name }) => name).sort()
  const isTold = names.length === load.draining.length && names.every((name) => load.draining.includes(name))
  return {
    reason: 'Paused',
    message: 'the pool is being deleted',
    ready: false,
    state: 'done',
    keepStatus: true,
    actions: isTold ? [] : [{ kind: 'drain', workers: names }],
  }
}

/** The API server's schema may be older or newer than this operator's. */
export const invalidPool: PoolRule = ({ problems }) => {
  if (problems.length === 0) return undefined
  const lines = problems.map(({ path, message, hint }) => `${path}: ${message}; ${hint}`)
  return { reason: 'InvalidPool', message: lines.join('\n'), ready: false, state: 'stalled' }
}

export const natsNotConfigured: PoolRule = ({ nats }) => {
  if (nats !== undefined) return undefined
  const message = 'cannot start workers: the operator has no broker; start it with --nats'
  return { reason: 'NatsNotConfigured', message, ready: false, state: 'stalled' }
}

/** Its watch tells when it comes. */
export const storageMissing: PoolRule = ({ storage, pool }) => {
  if (storage !== undefined) return undefined
  const { namespace } = pool.metadata
  const message = `ETLStorage "${storageNameOf(pool.spec)}" does not exist in namespace "${namespace}"`
  return { reason: 'StorageNotFound', message, ready: false, state: 'working' }
}

export const nameTaken: PoolRule = ({ deployment }) => {
  if (deployment === undefined || deployment.isOurs) return undefined
  const message = `cannot start workers: Deployment "${deployment.name}" belongs to somebody else; delete it`
  return { reason: 'NameTaken', message, ready: false, state: 'stalled' }
}

/** What the pool asks of its pods and its storage does not allow. */
export function deniedSettings({ pool, storage }: Pick<Parameters<PoolRule>[0], 'pool' | 'storage'>): string[] {
  return storage === undefined ? [] : settingProblems('spec.pod', pool.spec.pod ?? {}, storage.pods)
}
