// What the API server answers when it does not do what it was asked, as a Fault with its treatment.
import { Fault, type FaultKind, firstLine } from '../../base/index.ts'

export class ApiFault extends Fault {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** Milliseconds that the server asks to wait (Retry-After). */
  readonly retryAfterMs: number | undefined

  constructor(details: { status: number; code: string; message: string; retryAfterMs?: number; cause?: unknown }) {
    super({ kind: kindOf(details.status), code: details.code, message: details.message, cause: details.cause })
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
  }
}

function kindOf(status: number): FaultKind {
  if (status === 401 || status === 403) return 'denied'
  if (status === 404) return 'missing'
  if (status === 409) return 'conflict'
  if (status === 400 || status === 413 || status === 415 || status === 422) return 'invalid'
  return 'transient'
}

/** Reads a `Status` answer; anything that is none (a proxy's page, half a body) is described by its HTTP status alone. */
export function faultOf(
  what: string,
  answer: { status: number; body: string; retryAfter?: string | undefined },
): ApiFault {
  const { reason, message } = statusOf(answer.body)
  const seconds = Number(answer.retryAfter)
  return new ApiFault({
    status: answer.status,
    code: reason ?? `Http${answer.status}`,
    message: `cannot ${what}: ${firstLine(message ?? `the API server answered ${answer.status}`)}`,
    ...(Number.isFinite(seconds) && answer.retryAfter !== undefined ? { retryAfterMs: seconds * 1000 } : {}),
  })
}

function statusOf(body: string): { reason?: string; message?: string } {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null) return {}
    const { reason, message } = parsed as { reason?: unknown; message?: unknown }
    return {
      ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
      ...(typeof message === 'string' && message !== '' ? { message } : {}),
    }
  } catch {
    return {}
  }
}

export const isStatus = (thrown: unknown, ...statuses: number[]): thrown is ApiFault =>
  thrown instanceof ApiFault && statuses.includes(thrown.status)
