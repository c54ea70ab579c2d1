// How many workers a pool should have: as many as there are steps, between its limits. More at once; fewer only when they
// have been too many for the whole cool-down, and then as many as were needed at most in that time.
//
// A1 Never below min, never above max. A2 What is needed now is given at once. A3 Within a cool-down nothing goes.

export interface ScaleInput {
  /** Milliseconds since the epoch. */
  now: number
  min: number
  max: number
  coolDownMs: number
  /** Workers that were last wanted. */
  replicas: number
  /** Workers that have a step. */
  busy: number
  /** Steps that wait. */
  backlog: number
  /** The number of steps may be larger than what is known of it. */
  isUncertain: boolean
  /** There have been too many workers since then, and at most so many were needed. */
  surplus?: Surplus
}

export interface Surplus {
  since: number
  needed: number
}

export interface Scale {
  desired: number
  /** To be remembered. */
  surplus?: Surplus
  /** When workers become too many. */
  dueAt?: number
}

export function scaled(input: ScaleInput): Scale {
  const { now, min, max, coolDownMs, replicas, busy, backlog, isUncertain } = input
  const needed = Math.min(max, Math.max(min, busy + backlog))
  const present = Math.min(max, replicas)
  if (needed >= present) return { desired: needed }
  const surplus = surplusOf(input, needed, present)
  const dueAt = surplus.since + coolDownMs
  if (now >= dueAt && !isUncertain) return { desired: surplus.needed, surplus }
  return { desired: present, surplus, dueAt: Math.max(now, dueAt) }
}

/** One that began when there were fewer workers than were needed since then says nothing any more. */
function surplusOf({ now, min, surplus }: ScaleInput, needed: number, present: number): Surplus {
  if (surplus === undefined) return { since: now, needed }
  const most = Math.max(min, surplus.needed, needed)
  return most >= present ? { since: now, needed } : { since: Math.min(now, surplus.since), needed: most }
}
