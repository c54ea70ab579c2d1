// What the table of leases is told, and what it answers.
import type { Lease, Wanted } from './lease.ts'
import type { Ready, StopReason } from './messages.ts'
import { type PoolAddress, poolKey } from './subjects.ts'

/** What is to be said or done after something has happened. */
export type Effect =
  /** Answers to held requests. */
  | { kind: 'lease'; request: number; lease: Lease }
  | { kind: 'none'; request: number }
  | { kind: 'settled'; request: number }
  /** Never: another leader will, or a later request has taken its place. */
  | { kind: 'drop'; request: number }
  | { kind: 'stop'; lease: Lease; reason: StopReason }
  /** Look at the run, at the latest after so long. */
  | { kind: 'look'; run: string; afterMs: number }
  | { kind: 'count'; what: 'renewed' | 'expired' | 'adopted' | 'notAccepted' | 'fenced' }

/** Who says something, where, and the highest epoch that it knows of. */
export interface Speaker {
  pool: string
  worker: string
  epoch: number
}

export const speakerOf = ({ worker, epoch }: Pick<Ready, 'worker' | 'epoch'>, address: PoolAddress): Speaker => ({
  pool: poolKey(address),
  worker,
  epoch,
})

export type Answer = { kind: 'renewed' } | { kind: 'stop'; reason: StopReason }

/** `seen`: keys of the ended and expired leases that the status takes account of. */
export interface Agreement {
  /** What the status says is in a pool's hands, in declared order. */
  wanted: Wanted[]
  seen: ReadonlySet<string>
  /** Nothing is wanted any more, and why. */
  stop?: StopReason
  /** Nothing is given out: what is wanted is for workers that have it already. */
  hold?: boolean
  /** The run has ended: nobody waits for its leases. */
  final?: boolean
}

/** A lease that is over, or somebody else's. */
export const FENCED = {
  answer: { kind: 'stop', reason: 'superseded' },
  effects: [{ kind: 'count', what: 'fenced' }],
} as const satisfies {
  answer: Answer
  effects: Effect[]
}
