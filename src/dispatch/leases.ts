// What a look at a run needs of the dispatch; without a broker there is none.
import type { LeaseFact, LeasingRun } from './lease.ts'
import type { Agreement } from './lease-news.ts'

export interface Leases {
  /** @param all not only what was gathered: the run is to stop */
  factsOf(runUid: string, all?: boolean): LeaseFact[]
  /** After how many ms a look at the run sees something new; undefined: the last one saw all there is. */
  newsAfterMs(runUid: string): number | undefined
  agree(run: LeasingRun, agreement: Agreement): void
  /** Something was agreed on for the run since this leader's term began. */
  knows(runUid: string): boolean
  /** There is no run of that key (`namespace/name`) any more, but the one with that uid. */
  gone(key: string, uid?: string): void
  /** Until then a worker may have a lease of an earlier leader that is not known here; ms since the epoch. */
  readonly oldLeasesEnd: number
  /** Since when the broker can't be reached, in ms since the epoch; undefined: it can. */
  readonly downSince: number | undefined
}
