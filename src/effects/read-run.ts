// Reads an ETLRun from the API without trusting it: the CRD of the server may be older or newer than this operator, and a
// malformed run must fail by itself, with a reason, and stop nobody else's.
import type { Problem } from '../compile/index.ts'
import {
  API_VERSION,
  checkDocument,
  formatPath,
  type Kind,
  type RunSpec,
  type RunStatus,
  runStatusSchema,
} from '../manifest/index.ts'
import { type RunObject, textAt, timeAt } from '../reconcile/index.ts'
import type { AnyObject } from './caches.ts'

export interface RunReading {
  run: RunObject
  /** What is wrong with its spec; empty for a lawful one. */
  problems: Problem[]
  /** The status as it is stored, which may be no lawful one. */
  storedStatus: unknown
}

export function readRun(raw: AnyObject): RunReading {
  const { metadata } = raw
  const deletedAt = timeAt(raw, 'metadata', 'deletionTimestamp')
  const started = textAt(raw, 'status', 'startedAt') !== undefined
  const problems = started ? [] : specProblems(raw)
  const run: RunObject = {
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      uid: metadata.uid ?? '',
      generation: metadata.generation ?? 0,
      resourceVersion: metadata.resourceVersion ?? '',
      createdAt: timeAt(raw, 'metadata', 'creationTimestamp') ?? 0,
      ...(deletedAt === undefined ? {} : { deletedAt }),
      finalizers: metadata.finalizers ?? [],
    },
    spec: typeof raw.spec === 'object' && raw.spec !== null ? (raw.spec as RunSpec) : ({} as RunSpec),
    status: readStatus(raw.status),
  }
  return { run, problems, storedStatus: raw.status }
}

/** What is wrong with the spec of an object, as far as this operator's own schema knows. */
export function specProblems(raw: AnyObject, kind: Kind = 'ETLRun'): Problem[] {
  const document = { apiVersion: API_VERSION, kind, metadata: { name: raw.metadata.name }, spec: raw.spec }
  return checkDocument(document).findings.map(({ code, path, message, hint }) => ({
    code,
    severity: 'error' as const,
    path: formatPath(path),
    message: kind === 'ETLRun' ? message : `${kind} "${raw.metadata.name}": ${message}`,
    hint,
  }))
}

/** A status that is none of ours is as good as none: the run is looked at from the start, and what it did is found again. */
function readStatus(stored: unknown): RunStatus {
  const parsed = runStatusSchema.safeParse(stored ?? {})
  return parsed.success ? parsed.data : {}
}
