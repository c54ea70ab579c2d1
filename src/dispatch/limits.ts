// Every time limit of the dispatch, in one place. Milliseconds. The operator tells workers the ones that they need with
// each lease, so that both sides always mean the same.

export interface DispatchLimits {
  /** A lease that was not renewed for this long is over. */
  leaseMs: number
  /** How often a worker renews. At most a third of `leaseMs`, so that one lost message costs nothing. */
  heartbeatMs: number
  /** How long a worker may take to renew for the first time; then the step is given to another. */
  acceptMs: number
  /** How long a request for work is held while there is none; then the worker asks again. */
  holdMs: number
  /** How long outcomes and leases of one run are gathered while others of its steps go on, before its status is written. */
  gatherMs: number
}

export const DISPATCH_LIMITS: DispatchLimits = {
  leaseMs: 15_000,
  heartbeatMs: 4_000,
  acceptMs: 5_000,
  holdMs: 20_000,
  gatherMs: 1_000,
}

/** A request for work that is held that long needs an answer from the network a little later still. */
export const ANSWER_SLACK_MS = 2_000
/** How long an answer to a heartbeat or an outcome is waited for, before it is sent again. */
export const ANSWER_MS = 2_000
/** How much longer than a step's own timeout its lease is renewed. */
export const STEP_TIMEOUT_SLACK_MS = 30_000
/** A step commits in all but this share of its lease: what it has begun then is done before others get the step. */
export const COMMIT_MARGIN = 0.1
