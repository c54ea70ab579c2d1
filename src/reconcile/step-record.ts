// The state of every step of a run, and how it is kept in a bounded status: one character for each step, details for
// those that need them. Encoding and decoding lose nothing that a decision reads.
import type { RunStatus, StepStatus } from '../manifest/index.ts'
import { type Plan, stepsOf } from '../plan/index.ts'

export type StepRecord = StepStatus

const CHARS = {
  Pending: '.',
  Queued: 'Q',
  Running: 'R',
  Succeeded: 'S',
  Failed: 'F',
  Skipped: 'K',
  Cancelled: 'C',
} as const
const STATES = new Map(Object.entries(CHARS).map(([state, char]) => [char as string, state as StepRecord['state']]))

/** Steps with details, at most; the schema of the status says the same. */
const DETAILS = 100
/** Bytes that the details may take of the status' 32 KiB. */
const DETAIL_BYTES = 20 * 1024

/** The steps to run and the skipped ones, in declared order of each. */
export function recordsOf(plan: Plan, status: RunStatus): StepRecord[] {
  const details = new Map((status.steps ?? []).map((detail) => [keyOf(detail), detail]))
  const attempt = status.attempt ?? 1
  return stepsOf(plan).map(({ process, name: step }, i) => {
    const state = STATES.get(status.stepStates?.[i] ?? '.') ?? 'Pending'
    const detail = details.get(`${process}/${step}`)
    return detail?.state === state ? detail : { process, step, state, attempt, try: 1 }
  })
}

/** The part of the status that holds the records. */
export function statusOfRecords(
  plan: Plan,
  records: StepRecord[],
): Pick<RunStatus, 'stepStates' | 'steps' | 'progress' | 'rows'> {
  const done = records.filter(({ state }) => state === 'Succeeded').length
  return {
    stepStates: records.map(({ state }) => CHARS[state]).join('') + CHARS.Skipped.repeat(plan.skipped.length),
    steps: detailed(records),
    progress: `${done}/${records.length}`,
    rows: records.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
  }
}

/** Those whose detail a later decision reads come first; what is over the limits are the longest-finished. */
function detailed(records: StepRecord[]): StepRecord[] {
  const ranked = records
    .map((record, order) => ({ record, order, rank: rank(record) }))
    .filter(({ rank: r }) => r < 9)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
  let bytes = 0
  const kept = ranked.slice(0, DETAILS).filter(({ record }) => {
    bytes += JSON.stringify(record).length + 1
    return bytes <= DETAIL_BYTES
  })
  return kept.sort((a, b) => a.order - b.order).map(({ record }) => record)
}

function rank(record: StepRecord): number {
  if (record.state === 'Running' || record.state === 'Queued') return 0
  if (record.state === 'Failed') return 1
  if (record.state === 'Pending')
    return record.try > 1 || (record.disruptions ?? 0) > 0 || record.reason !== undefined ? 2 : 9
  return 3
}

export const keyOf = ({ process, step }: Pick<StepRecord, 'process' | 'step'>): string => `${process}/${step}`
