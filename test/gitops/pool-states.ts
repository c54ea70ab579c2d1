// Every state of an ETLWorkerPool's life, with the status that the operator's own decision gives it.
import { decidePool, type PoolObserved } from '../../src/reconcile/index.ts'
import { load, NOW, observed, pool, running, worker } from '../reconcile/pool/pools.ts'
import type { State } from './states.ts'

const always = pool({ replicas: { min: 2, max: 4 } })
const paused = { pool: pool({ paused: true }) }
const tooMany = { surplus: { since: new Date(NOW - 600_000).toISOString(), needed: 1 } }
const { nats: _nats, ...noBroker } = observed()
const { storage: _storage, ...noStorage } = observed()
const stuck = worker('w1', { ready: false, trouble: { reason: 'ImagePullFailed', message: 'no such image' } })

const wrong = {
  code: 'UnknownField',
  severity: 'error',
  path: 'spec.x',
  message: 'no such field',
  hint: 'remove it',
} as const

const STATES: [title: string, observed: PoolObserved][] = [
  ['waits for its storage', noStorage],
  ['its first workers come', observed({ pool: always })],
  ['workers come', running(2, { pool: always }, { ready: 1 })],
  ['ready', running(2, { pool: always })],
  ['ready, with nothing to do', running(0)],
  ['more workers come for more steps', running(1, { load: load({ busy: ['w0'], backlog: 2 }) })],
  ['workers are replaced', running(2, { pool: always }, { updated: 1 })],
  ['workers go', running(3, { pool: pool({}, { status: tooMany }), load: load({ busy: ['w1'], idle: ['w0', 'w2'] }) })],
  ['workers do not get going', running(2, { pool: always, workers: [worker('w0'), stuck] }, { ready: 1 })],
  ['the broker is gone', running(2, { pool: always, load: load({ isDown: true }) })],
  ['is being paused', running(2, { ...paused, load: load({ busy: ['w0'], idle: ['w1'] }) })],
  ['paused', running(0, paused)],
  ['is not as it must be', observed({ problems: [wrong] })],
  ['the operator has no broker', noBroker],
  ['its Deployment belongs to somebody else', running(1, {}, { isOurs: false })],
  ['its storage does not allow it', running(0, { pool: pool({ pod: { priorityClassName: 'high' } }) })],
]

const ready = running(2, { pool: always })

export const POOL_STATES: readonly State[] = [
  { kind: 'ETLWorkerPool', title: 'made, not yet seen', spec: pool().spec },
  ...STATES.map(stateOf),
  { ...stateOf(['changed, not yet seen', ready]), afterwards: { spec: { paused: true } } },
  { ...stateOf(['being deleted', ready]), afterwards: 'delete', finalizer: 'example.com/held' },
]

function stateOf([title, seen]: [string, PoolObserved]): State {
  return { kind: 'ETLWorkerPool', title, spec: seen.pool.spec, status: decidePool(seen).status }
}
