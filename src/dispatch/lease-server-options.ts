// What a server of leases is given: the broker, its term, and whom it tells what.
import type { Broker, BrokerState } from './broker.ts'
import type { Effect } from './lease-news.ts'
import type { DispatchLimits } from './limits.ts'

export interface LeaseServerOptions {
  broker: Broker
  limits: DispatchLimits
  /** Larger than those of all leaders before. */
  epoch: number
  prefix: string
  /** Only pools of these namespaces; absent: of all. */
  namespaces?: readonly string[]
  /** Milliseconds since the epoch. */
  now: () => number
  /** Look at this run (`namespace/name`), at the latest after so many ms. */
  onLook: (run: string, afterMs: number) => void
  /** The broker is there again, or gone. */
  onState?: (state: BrokerState) => void
  /** Something has changed in who does what for the pool (`namespace/name`). */
  onLoad?: (pool: string) => void
  onCount?: (what: DispatchCount) => void
  /** From the offer of a step to its lease, in ms. */
  onLeased?: (waitedMs: number) => void
  /** False: somebody else may lead by now, so nothing is heard or said any more. Asked each time; default: always true. */
  leads?: () => boolean
  /** Acts that often, until the returned end; default: by the process' own timers. */
  every?: (ms: number, act: () => void) => () => void
}

export type DispatchCount = 'given' | 'malformed' | 'reconnected' | Extract<Effect, { kind: 'count' }>['what']
