// The time for which one process leads.
import type { DispatchLimits } from './limits.ts'

export interface Term {
  limits: DispatchLimits
  /** Larger than those of all leaders before. */
  epoch: number
  /** In ms since the epoch. */
  startedAt: number
}
