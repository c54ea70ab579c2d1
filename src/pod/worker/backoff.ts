// Pauses between tries that come to nothing: they grow, and differ from worker to worker.

const FIRST_MS = 200
const LONGEST_MS = 2_000

export interface Backoff {
  /** When to try again. */
  next(now: number): number
  /** About so long after now. */
  jittered(ms: number, now: number): number
  reset(): void
}

/** @param random from 0 to 1 */
export function backoff(random: () => number): Backoff {
  let failures = 0
  const jittered = (ms: number, now: number) => now + ms * (0.5 + random() / 2)
  return {
    jittered,
    next: (now) => jittered(Math.min(LONGEST_MS, FIRST_MS * 2 ** failures++), now),
    reset: () => {
      failures = 0
    },
  }
}
