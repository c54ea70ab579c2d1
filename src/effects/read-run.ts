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
  runSpecSchema,
  runStatusSchema,
} from '../manifest/index.ts'
import { at, isRaw, numberAt, type RunObject, textAt, timeAt } from '../reconcile/index.ts'
import type { AnyObject } from './kept.ts'

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
  const status = readStatus(raw.status)
  const problems = status.startedAt === undefined ? specProblems(raw) : []
  const run: RunObject = {
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      uid: metadata.uid ?? '',
      generation: countAt(raw, 'metadata', 'generation'),
      resourceVersion: textAt(raw, 'metadata', 'resourceVersion') ?? '',
      createdAt: timeAt(raw, 'metadata', 'creationTimestamp') ?? 0,
      ...(deletedAt === undefined ? {} : { deletedAt }),
      finalizers: textsAt(raw, 'metadata', 'finalizers'),
    },
    spec: lawfulMembers(raw.spec),
    status,
  }
  return { run, problems, storedStatus: raw.status }
}

// Cached objects are never changed in place, and a spec outlives many statuses: it need not be checked at every look.
const KNOWN_PROBLEMS = new WeakMap<object, Problem[]>()
const KNOWN_MEMBERS = new WeakMap<object, RunSpec>()

/** What is wrong with the spec of an object, as far as this operator's own schema knows. */
export function specProblems(raw: AnyObject, kind: Kind = 'ETLRun'): Problem[] {
  if (!isRaw(raw.spec)) return findProblems(raw, kind)
  const known = KNOWN_PROBLEMS.get(raw.spec) ?? findProblems(raw, kind)
  KNOWN_PROBLEMS.set(raw.spec, known)
  return known
}

function findProblems(raw: AnyObject, kind: Kind): Problem[] {
  const document = { apiVersion: API_VERSION, kind, metadata: { name: raw.metadata.name }, spec: raw.spec }
  return checkDocument(document).findings.map(({ code, path, message, hint }) => ({
    code,
    severity: 'error' as const,
    path: formatPath(path),
    message: kind === 'ETLRun' ? message : `${kind} "${raw.metadata.name}": ${message}`,
    hint,
  }))
}

/**
 * The members that this operator understands, each by itself. Before the start the others are told as problems; after it
 * they are as if they were not there, since it is too late to refuse them.
 */
function lawfulMembers(spec: unknown): RunSpec {
  if (!isRaw(spec)) return {}
  const known = KNOWN_MEMBERS.get(spec) ?? findLawfulMembers(spec)
  KNOWN_MEMBERS.set(spec, known)
  return known
}

function findLawfulMembers(spec: Readonly<Record<string, unknown>>): RunSpec {
  const known = Object.entries(runSpecSchema.shape).filter(([name]) => Object.hasOwn(spec, name))
  // An inline pipeline is large, and checked as a whole before it is compiled.
  const lawful = known.filter(([name, schema]) => name === 'pipeline' || schema.safeParse(spec[name]).success)
  if (lawful.length === Object.keys(spec).length) return spec
  return Object.fromEntries(lawful.map(([name]) => [name, spec[name]]))
}

/** A status that is none of ours is as good as none: the run is looked at from the start, and what it did is found again. */
function readStatus(stored: unknown): RunStatus {
  const parsed = runStatusSchema.safeParse(stored ?? {})
  return parsed.success && timesOf(parsed.data).every(isTime) ? parsed.data : {}
}

function timesOf({ conditions = [], ...status }: RunStatus): string[] {
  const { startedAt, restartedAt, attemptStartedAt, finishedAt, nextAttemptAt } = status
  const times = [startedAt, restartedAt, attemptStartedAt, finishedAt, nextAttemptAt]
  return [...times.filter((time) => time !== undefined), ...conditions.map((condition) => condition.lastTransitionTime)]
}

/** RFC 3339, and a time that there is. */
const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))

const countAt = (value: unknown, ...path: string[]): number => {
  const found = numberAt(value, ...path) ?? 0
  return Number.isSafeInteger(found) ? found : 0
}

const textsAt = (value: unknown, ...path: string[]): string[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.filter((item) => typeof item === 'string') : []
}
