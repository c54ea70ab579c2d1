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

/** How long a text may be, tried in turn; a step's names alone always leave room for the last of them. */
const ROOMS = [2000, 1000, 500, 250, 100, 40] as const

/** Drops what is least needed until the whole fits: long ends of texts, further warnings, the error's place. */
export function encodeOutcome(address: OutcomeAddress, outcome: StepOutcome): string {
  const whole = encoded(address, outcome)
  if (fits(whole)) return whole
  for (const room of ROOMS) {
    const text = encoded(address, shortened(outcome, room))
    if (fits(text)) return text
  }
  const { process, step, state, durationMs, error } = outcome
  const bare = error === undefined ? {} : { error: { kind: error.kind, code: cut(error.code, 100), message: '' } }
  return encoded(address, { process, step, state, durationMs, ...bare })
}

const encoded = (address: OutcomeAddress, outcome: StepOutcome): string =>
  JSON.stringify({ version: 1, ...address, outcome })

const fits = (text: string): boolean => Buffer.byteLength(text) <= MAX_MESSAGE_BYTES

function shortened(outcome: StepOutcome, room: number): StepOutcome {
  const { write, error } = outcome
  const place = error?.at === undefined || error.at.field.length > room ? {} : { at: error.at }
  return {
    ...outcome,
    ...(write === undefined
      ? {}
      : { write: { ...write, warnings: write.warnings.slice(0, 3).map((w) => cut(w, room)) } }),
    ...(error === undefined
      ? {}
      : { error: { kind: error.kind, code: cut(error.code, 100), message: cut(error.message, room), ...place } }),
  }
}

/** At most that many characters, and no half of one. */
function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1).replace(/[\ud800-\udbff]$/, '')}…`
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
    durationMs: isTime(durationMs) ? durationMs : 0,
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
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
