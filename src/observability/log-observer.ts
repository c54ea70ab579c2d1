// One JSON line when a span ends, with all its ids. The start of things is not logged: their end tells when they began.
import type { LifecycleEvent, Observer } from './events.ts'

/** As pino counts them. */
const LEVELS = { success: 30, cancelled: 40, failure: 50 } as const

/** @param write takes a line with its newline */
export function logObserver(write: (line: string) => void): Observer {
  return {
    onEvent(event) {
      if (event.kind !== 'start') write(`${JSON.stringify(lineOf(event))}\n`)
    },
  }
}

/** The ids stand last, so that nothing in `meta` can take their place. */
function lineOf({ scope, name, id, parentId, runId, correlationId, attempt, at, ...event }: LifecycleEvent): object {
  const { status = 'success', durationMs, error, meta } = event
  return {
    ...meta,
    level: LEVELS[status],
    time: Date.parse(at),
    msg: `${scope} "${name}" ${error === undefined ? 'succeeded' : `${status === 'cancelled' ? 'was cancelled' : 'failed'}: ${error.message}`}`,
    scope,
    name,
    status,
    durationMs,
    id,
    parentId,
    runId,
    correlationId,
    attempt,
    ...(error === undefined ? {} : { error }),
  }
}
