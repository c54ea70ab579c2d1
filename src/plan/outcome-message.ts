// The outcome of a step as a container's termination message: one JSON text of at most 4096 bytes, always whole.
import { FAULT_KINDS } from '../base/index.ts'
import { STEP_STATES, type StepOutcome } from './outcome.ts'

/** What Kubernetes keeps of a termination message. */
export const MAX_MESSAGE_BYTES = 4096

/** Whose outcome it is; one of another run, attempt or try changes nothing. */
export interface OutcomeAddress {
  runUid: string
  attempt: number
  try: number
}

export interface OutcomeMessage extends OutcomeAddress {
  version: 1
  outcome: StepOutcome
}

/** Cuts texts (the error's message, then warnings) until the whole fits. */
export function encodeOutcome(address: OutcomeAddress, outcome: StepOutcome): string {
  for (let room = 2000; room >= 0; room = room > 100 ? Math.floor(room / 2) : room - 50) {
    const text = JSON.stringify({ version: 1, ...address, outcome: shortened(outcome, room) })
    if (Buffer.byteLength(text) <= MAX_MESSAGE_BYTES) return text
  }
  const { process, step, state, durationMs } = outcome
  return JSON.stringify({ version: 1, ...address, outcome: { process, step, state, durationMs } })
}

function shortened(outcome: StepOutcome, room: number): StepOutcome {
  const cut = (text: string): string => (text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`)
  const { write, error } = outcome
  return {
    ...outcome,
    ...(write === undefined ? {} : { write: { ...write, warnings: write.warnings.slice(0, 3).map(cut) } }),
    ...(error === undefined ? {} : { error: { ...error, message: cut(error.message) } }),
  }
}

/** Reads what a container wrote, trusting nothing: undefined when it is no outcome. */
export function decodeOutcome(text: string): OutcomeMessage | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(parsed) || parsed['version'] !== 1 || !isRecord(parsed['outcome'])) return undefined
  const { runUid, attempt, try: number, outcome } = parsed
  if (typeof runUid !== 'string' || !isCount(attempt) || !isCount(number)) return undefined
  const read = readOutcome(outcome as Record<string, unknown>)
  return read === undefined ? undefined : { version: 1, runUid, attempt, try: number, outcome: read }
}

function readOutcome(raw: Record<string, unknown>): StepOutcome | undefined {
  const { process, step, durationMs } = raw
  const state = STEP_STATES.find((known) => known === raw['state'])
  if (typeof process !== 'string' || typeof step !== 'string' || state === undefined) return undefined
  const write = isRecord(raw['write']) ? readWrite(raw['write']) : undefined
  const error = isRecord(raw['error']) ? readError(raw['error']) : undefined
  return {
    process,
    step,
    state,
    durationMs: isCount(durationMs) ? durationMs : 0,
    ...(write === undefined ? {} : { write }),
    ...(error === undefined ? {} : { error }),
  }
}

function readWrite(raw: Record<string, unknown>): NonNullable<StepOutcome['write']> {
  const count = (value: unknown): number => (isCount(value) ? value : 0)
  return {
    rows: count(raw['rows']),
    bytes: count(raw['bytes']),
    files: count(raw['files']),
    ...(isCount(raw['tableVersion']) ? { tableVersion: raw['tableVersion'] } : {}),
    ...(raw['alreadyCommitted'] === true ? { alreadyCommitted: true } : {}),
    warnings: Array.isArray(raw['warnings']) ? raw['warnings'].filter((warning) => typeof warning === 'string') : [],
  }
}

function readError(raw: Record<string, unknown>): NonNullable<StepOutcome['error']> {
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)
  const kind = FAULT_KINDS.find((known) => known === raw['kind']) ?? 'defect'
  const at = isRecord(raw['at']) && typeof raw['at']['field'] === 'string' ? { field: raw['at']['field'] } : undefined
  const offset = isRecord(raw['at']) && isCount(raw['at']['offset']) ? { offset: raw['at']['offset'] } : {}
  return {
    kind,
    code: text(raw['code'], 'Defect'),
    message: text(raw['message'], ''),
    ...(at === undefined ? {} : { at: { ...at, ...offset } }),
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0
