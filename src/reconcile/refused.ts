// What becomes of a run when the API server refuses what was decided, or when deciding itself met a bug: a reason that
// people see, never a run that silently stands still.
import type { Fault } from '../base/index.ts'
import type { Decision } from './decision.ts'
import type { Observed } from './observed.ts'
import type { Ruling } from './ruling.ts'
import { decisionOf } from './status.ts'

/** How soon something that was denied is tried again: quotas and policies change without a watch telling it. */
const RETRY_MS = 15_000

/** undefined: nothing to tell, try again (conflicts, faults that pass). */
export function decisionAfter(fault: Fault, observed: Observed): Decision | undefined {
  const ruling = rulingAfter(fault, observed)
  return ruling === undefined ? undefined : decisionOf(ruling, observed)
}

function rulingAfter({ kind, message }: Fault, { run, now }: Observed): Ruling | undefined {
  switch (kind) {
    case 'invalid':
      return { phase: 'Failed', reason: 'PodCreationFailed', message }
    case 'defect':
      return { phase: 'Failed', reason: 'Defect', message: `${message}; please report it` }
    case 'denied': {
      const reason = /quota/.test(message) ? 'QuotaExceeded' : 'AdmissionDenied'
      return { phase: run.status.phase ?? 'Pending', reason, message, lookAgainAt: now + RETRY_MS }
    }
    case 'missing':
    case 'conflict':
    case 'transient':
      return undefined
  }
}
