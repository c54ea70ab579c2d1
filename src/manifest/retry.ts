// How long a run waits before its next attempt: the same on a laptop and on Kubernetes.
import { parseDuration } from '../base/index.ts'
import type { RetrySpec } from './run.ts'

/** What holds when the manifest does not say. */
const DEFAULT = { initialMs: 10_000, factor: 2, maxMs: 5 * 60_000 } as const

/**
 * @param failed attempts that have failed so far, at least 1
 * @returns milliseconds; grows by the factor with each attempt, up to the longest wait
 */
export function backoffMs(backoff: RetrySpec['backoff'], failed: number): number {
  const initial = parseDuration(backoff?.initial ?? '') ?? DEFAULT.initialMs
  const max = parseDuration(backoff?.max ?? '') ?? DEFAULT.maxMs
  return Math.min(max, initial * (backoff?.factor ?? DEFAULT.factor) ** (failed - 1))
}
