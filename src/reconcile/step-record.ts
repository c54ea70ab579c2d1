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

/** The part of the status that holds the records of all steps, save for their details. */
export function statusOfRecords(
  plan: Plan,
  records: StepRecord[],
  before: RunStatus,
): Pick<RunStatus, 'stepStates' | 'progress' | 'rows'> {
  const done = records.filter(({ state }) => state === 'Succeeded').length
  // those that had succeeded before are counted, and may have lost their details
  const isNew = (record: StepRecord, i: number) =>
    record.state === 'Succeeded' && before.stepStates?.[i] !== CHARS.Succeeded
  const rows = records.filter(isNew).reduce((sum, record) => sum + (record.rows ?? 0), before.rows ?? 0)
  return {
    stepStates: records.map(({ state }) => CHARS[state]).join('') + CHARS.Skipped.repeat(plan.skipped.length),
    progress: `${done}/${records.length}`,
    rows: Math.min(rows, Number.MAX_SAFE_INTEGER),
  }
}

/**
 * The records that are told in detail, in declared order. Those whose detail a later decision reads come first; what is over
 * the limits are the last of those that have ended.
 * @param room bytes that they may take as JSON
 */
export function detailsOf(records: StepRecord[], room: number): StepRecord[] {
  const told = records.map((record, order) => ({ record, order, rank: rank(record) })).filter((one) => one.rank < 9)
  const share = room / told.filter((one) => one.rank === 0).length
  const ranked = told
    .map((one) => (one.rank === 0 ? { ...one, record: withinShare(one.record, share) } : one))
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
  let bytes = 0
  const kept = ranked.slice(0, DETAILS).filter(({ record }) => {
    bytes += Buffer.byteLength(JSON.stringify(record)) + 1
    return bytes <= room
  })
  return kept.sort((a, b) => a.order - b.order).map(({ record }) => record)
}

/** Without its detail, a decision would not know its try or its pool. */
export const needsDetail = (record: StepRecord): boolean => rank(record) === 0

/** 0: without its detail, the number of its try would be forgotten, or that a worker may have it. */
function rank(record: StepRecord): number {
  if (record.state === 'Running' || record.state === 'Queued') return 0
  if (record.state === 'Pending')
    return record.try > 1 || record.pool !== undefined ? 0 : record.reason === undefined ? 9 : 3
  return record.state === 'Failed' ? 1 : 2
}

/** What keeps a step is the first that goes when room is short. */
function withinShare(record: StepRecord, share: number): StepRecord {
  if (Buffer.byteLength(JSON.stringify(record)) < share) return record
  const { message: _message, since: _since, ...rest } = record
  return rest
}

export const keyOf = ({ process, step }: Pick<StepRecord, 'process' | 'step'>): string => `${process}/${step}`
