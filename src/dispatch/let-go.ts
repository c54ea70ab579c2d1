// What becomes of a lease that its run does not want, or not any more.
import type { Lease } from './lease.ts'
import type { Effect } from './lease-news.ts'
import type { StopReason } from './messages.ts'

export interface Unwanted {
  /** The status takes account of how it ended. */
  isSeen: boolean
  /** Nothing is wanted of the run any more, and why. */
  stop: StopReason | undefined
  /** Its run has ended, or its step has a later try. */
  isOld: boolean
}

/** How what is wanted is kept from being given out. */
export interface Withheld {
  hold: boolean
  stop: StopReason | undefined
}

/** `effects` undefined: the run's next look sees what to do about it. */
export function letGo(lease: Lease, { isSeen, stop, isOld }: Unwanted): { isOver: boolean; effects?: Effect[] } {
  switch (lease.state) {
    case 'offered':
      return { isOver: true, effects: [] }
    case 'expired':
      return isSeen || isOld ? { isOver: true, effects: [] } : { isOver: false }
    case 'ended': {
      const settled: Effect[] = lease.report === undefined ? [] : [{ kind: 'settled', request: lease.report }]
      return isSeen || isOld ? { isOver: true, effects: settled } : { isOver: false }
    }
    case 'leased': {
      if (isOld) return { isOver: true, effects: [{ kind: 'stop', lease, reason: stop ?? 'superseded' }] }
      // given out while it was being withdrawn
      if (stop === undefined) return { isOver: false }
      const isTold = lease.stop === stop
      lease.stop = stop
      return { isOver: false, effects: isTold ? [] : [{ kind: 'stop', lease, reason: stop }] }
    }
  }
}
