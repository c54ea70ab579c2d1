// What the API server answers when it does not do what it was asked, as a Fault with its treatment.
//
// F1 Only a `Status` object is the API server's word. What else comes (a proxy's page, half a body) can say neither that
//    an object is invalid nor that it does not exist: it passes.
import { Fault, type FaultKind, firstLine } from '../../base/index.ts'

export class ApiFault extends Fault {
  /** HTTP status; 0 when no answer came, or one that can't be read. */
  readonly status: number
  /** Milliseconds that the server asks to wait (Retry-After). */
  readonly retryAfterMs: number | undefined
  /** Name of the object that the API server says does not exist; a resource that is not served has none. */
  readonly absent: string | undefined

  constructor(details: {
    status: number
    code: string
    message: string
    retryAfterMs?: number
    absent?: string
    kind?: FaultKind
    cause?: unknown
  }) {
    const { kind = kindOf(details.status), code, message, cause } = details
    super({ kind, code, message, cause })
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.absent = details.absent
  }
}

function kindOf(status: number): FaultKind {
  if (status === 401 || status === 403) return 'denied'
  if (status === 404) return 'missing'
  if (status === 409) return 'conflict'
  if (status === 400 || status === 413 || status === 415 || status === 422) return 'invalid'
  return 'transient'
}

/** Reads a `Status` answer; anything that is none is described by its HTTP status alone and passes (F1). */
export function faultOf(
  what: string,
  answer: { status: number; body: string; retryAfter?: string | undefined },
): ApiFault {
  const status = statusOf(answer.body)
  const message = status?.message ?? `the API server answered ${answer.status}`
  const retryAfterMs = waitOf(answer.retryAfter)
  return new ApiFault({
    status: answer.status,
    code: status?.reason ?? `Http${answer.status}`,
    message: `cannot ${what}: ${firstLine(message)}`,
    ...(status === undefined ? { kind: 'transient' } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(answer.status === 404 && status?.name !== undefined ? { absent: status.name } : {}),
  })
}

/** Kubernetes gives seconds; the date that HTTP also allows is not worth a clock. */
function waitOf(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined
}

interface StatusWords {
  reason?: string
  message?: string
  name?: string
}

function statusOf(body: string): StatusWords | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const { kind, reason, message, details } = parsed as Record<string, unknown>
    if (kind !== 'Status') return undefined
    const name = typeof details === 'object' && details !== null ? (details as { name?: unknown }).name : undefined
    return {
      ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
      ...(typeof message === 'string' && message !== '' ? { message } : {}),
      ...(typeof name === 'string' && name !== '' ? { name } : {}),
    }
  } catch {
    return undefined
  }
}

export const isStatus = (thrown: unknown, ...statuses: number[]): thrown is ApiFault =>
  thrown instanceof ApiFault && statuses.includes(thrown.status)

/** The API server itself says that there is no such object (and not that the resource, or the server, is not there). */
export const saysAbsent = (thrown: unknown, name: string | undefined): boolean =>
  thrown instanceof ApiFault && thrown.absent !== undefined && thrown.absent === name

/** An answer that can't be what was asked for: it says nothing about the object. */
export const unreadable = (what: string, why: string, cause?: unknown): ApiFault =>
  new ApiFault({ status: 0, code: 'BadAnswer', message: `cannot ${what}: ${why}`, cause })
