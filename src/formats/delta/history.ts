// The history of a table, as its log entries tell it.
import type { Action, CommitInfo } from './actions.ts'
import type { CommitNote } from './change.ts'
import { commitTime, readEntry } from './log-entry.ts'
import { listLog } from './log-files.ts'
import type { TableHandle } from './table.ts'

export interface HistoryEntry {
  version: number
  /** Milliseconds since the epoch. */
  timestamp: number
  /** null when whoever wrote it did not say. */
  operation: string | null
  parameters: Record<string, string>
  metrics: Record<string, string>
  /** Who wrote it: `loom-operator/1.2.3`, `delta-rs:…`. */
  engine: string | null
  /** Of a commit of ours. */
  run: NonNullable<CommitNote['run']> | null
}

/**
 * The commits whose entries are still there, newest first.
 * @param limit at most so many
 * @throws Fault invalid CorruptLog
 */
export async function readHistory(
  { store }: Pick<TableHandle, 'store'>,
  limit = Number.POSITIVE_INFINITY,
): Promise<HistoryEntry[]> {
  const { commits } = await listLog(store, 0)
  const newest = [...commits.entries()].sort(([a], [b]) => b - a).slice(0, limit)
  const history: HistoryEntry[] = []
  for (const [version, { modifiedAt }] of newest) {
    const actions = (await readEntry(store, version)) ?? []
    history.push({ ...describe(actions), version, timestamp: commitTime(actions) ?? modifiedAt })
  }
  return history
}

function describe(actions: Action[]): Omit<HistoryEntry, 'version' | 'timestamp'> {
  const info: CommitInfo = actions.find((action) => action.kind === 'commitInfo')?.commitInfo ?? {}
  return {
    operation: textOrNull(info['operation']),
    parameters: textsOf(info['operationParameters']),
    metrics: textsOf(info['operationMetrics']),
    engine: textOrNull(info['engineInfo']),
    run: runOf(info['loom']),
  }
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** Others write numbers and lists there, and say nothing of it in the protocol. */
function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, typeof member === 'string' ? member : JSON.stringify(member)]),
  )
}

function runOf(value: unknown): HistoryEntry['run'] {
  if (typeof value !== 'object' || value === null) return null
  const { runId, process, step, attempt, planHash } = value as Record<string, unknown>
  if (typeof runId !== 'string' || typeof process !== 'string' || typeof step !== 'string') return null
  return { runId, process, step, attempt: Number(attempt), planHash: String(planHash) }
}
