// The API server's audit log: what was really asked for, by whom, and what it answered.

import { readFileSync } from 'node:fs'

export interface AuditEntry {
  readonly user: string
  readonly verb: string
  readonly group: string
  readonly resource: string
  /** `status`, `scale`, `token` …, or empty. */
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly code: number
  readonly userAgent: string
  readonly path: string
  readonly at: Date
}

interface Line {
  readonly auditID: string
  readonly user?: { username?: string }
  readonly verb?: string
  readonly userAgent?: string
  readonly requestURI?: string
  readonly requestReceivedTimestamp: string
  readonly objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string }
  readonly responseStatus?: { code?: number }
}

/** Every request once, in the order of the log (a watch appears when it begins, and is not repeated when it ends). */
export function readAuditLog(path: string): readonly AuditEntry[] {
  const seen = new Set<string>()
  const lines = readFileSync(path, 'utf8').split('\n')
  // The last line may be half written.
  const complete = lines.slice(0, -1).map((line) => JSON.parse(line) as Line)
  return complete.filter((line) => !seen.has(line.auditID) && seen.add(line.auditID)).map(entryOf)
}

function entryOf(line: Line): AuditEntry {
  const ref = line.objectRef ?? {}
  return {
    user: line.user?.username ?? '',
    verb: line.verb ?? '',
    group: ref.apiGroup ?? '',
    resource: ref.resource ?? '',
    subresource: ref.subresource ?? '',
    namespace: ref.namespace ?? '',
    name: ref.name ?? '',
    code: line.responseStatus?.code ?? 0,
    userAgent: line.userAgent ?? '',
    path: line.requestURI ?? '',
    at: new Date(line.requestReceivedTimestamp),
  }
}
