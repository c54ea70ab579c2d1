// What a rule sees and what it answers. Rules know no conditions: status.ts makes those, once, from the ruling.
import type { Phase, Reason, RunStatus } from '../manifest/index.ts'
import type { Action, LeaseWishes, RunEvent } from './decision.ts'
import type { Observed } from './observed.ts'
import type { StepRecord } from './step-record.ts'

export interface Ruling {
  phase: Phase
  reason: Reason
  message: string
  actions?: Action[]
  /** The steps' new states; absent before the start. */
  records?: StepRecord[]
  /** Other fields of the status that change; null removes one. */
  set?: {
    [K in
      | 'runId'
      | 'planHash'
      | 'planConfigMap'
      | 'plan'
      | 'attempt'
      | 'attemptsBefore'
      | 'restarts'
      | 'restartedAt'
      | 'startedAt'
      | 'attemptStartedAt'
      | 'nextAttemptAt'
      | 'failures'
      | 'stepStates'
      | 'steps']?: RunStatus[K] | null
  }
  /** True: known to compile; false: known not to; absent: as before. */
  compiled?: boolean
  /** An event about the run itself; transitions of phase and reason make one anyway. */
  events?: RunEvent[]
  /** Milliseconds since the epoch. */
  lookAgainAt?: number | undefined
  /** Workers are to stop what they do for the run, and why. */
  stopLeases?: NonNullable<LeaseWishes['stop']>
  /** Steps in a pool's line are not given out; a worker that has one already goes on. */
  holdLeases?: boolean
  /** Leave the status as it is: the object is going away. */
  keepStatus?: boolean
}

export type Rule = (observed: Observed) => Ruling | undefined

/** The last time with four digits for the year, as RFC 3339 has it: what lies beyond never comes. */
const END_OF_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

export const iso = (ms: number): string => new Date(Math.min(ms, END_OF_TIME)).toISOString()

/** The earliest of the given times, or undefined. */
export function earliest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
