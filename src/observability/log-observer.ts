// One JSON line when a span ends, with all its ids. The start of things is not logged: their end tells when they began.
import type { Observer } from './events.ts'

/** @param write takes a line with its newline */
export function logObserver(write: (line: string) => void): Observer {
  return {
    onEvent({ kind, scope, name, id, parentId, runId, correlationId, attempt, at, durationMs, status, error, meta }) {
      if (kind === 'start') return
      const level = kind === 'error' ? 'error' : 'info'
      write(
        `${JSON.stringify({ time: at, level, msg: `${scope} ${status}`, scope, name, id, parentId, runId, correlationId, attempt, durationMs, status, error, ...meta })}\n`,
      )
    },
  }
}
