// What workers and the operator say to each other, as JSON. Every message is checked when it arrives: one that is malformed
// or of another version is answered with `refused`, or dropped, and changes nothing.
import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import { decodeOutcome, encodeOutcome, type StepOutcome, type StepTask } from '../plan/index.ts'

export const MESSAGE_VERSION = 1

const version = z.literal(MESSAGE_VERSION)
const name = z.string().min(1).max(253)
const count = z.int().min(0)

/** Which try of which step of which run. */
export const leaseIdSchema = z.object({
  runUid: name,
  process: name,
  step: name,
  attempt: z.int().min(1),
  try: z.int().min(1),
})
export type LeaseId = z.infer<typeof leaseIdSchema>

/** Whose lease: the term of the leader that gave it, and who has it. */
const holder = { version, worker: name, epoch: count }

/**
 * A free worker asks for work. `epoch`: the highest that it has seen: an operator of a lower one has been deposed.
 * `leaving`: it wants none any more; what it asked before is answered with `none`.
 */
export const readySchema = z.object({ ...holder, leaving: z.literal(true).optional() })
export type Ready = z.infer<typeof readySchema>

export const heartbeatSchema = z.object({ ...holder, id: leaseIdSchema })
export type Heartbeat = z.infer<typeof heartbeatSchema>

/** `outcome`: the text of an outcome message (plan/outcome-message.ts): bounded, and read without trust. */
export const outcomeSchema = z.object({ ...holder, id: leaseIdSchema, outcome: z.string().max(8192) })
export type OutcomeReport = z.infer<typeof outcomeSchema>

export const STOP_REASONS = ['cancelled', 'timedOut', 'superseded'] as const
/** cancelled: the run is being stopped; timedOut: the step; superseded: this lease is over, whatever it does counts no more. */
export type StopReason = (typeof STOP_REASONS)[number]

const terms = { leaseMs: count, heartbeatMs: count }

/** Answers to `ready`. `task`: the task's JSON; a long one as gzip, in base64. */
export const workSchema = z.discriminatedUnion('kind', [
  z.object({ version, kind: z.literal('lease'), epoch: count, id: leaseIdSchema, task: z.string(), ...terms }),
  /** Nothing to do for now: ask again. */
  z.object({ version, kind: z.literal('none'), epoch: count }),
  z.object({ version: z.int(), kind: z.literal('refused'), message: z.string().max(1024) }),
])
export type Work = z.infer<typeof workSchema>

/** Answers to `heartbeat`. */
export const renewalSchema = z.discriminatedUnion('kind', [
  z.object({ version, kind: z.literal('renewed'), epoch: count, ...terms }),
  z.object({ version, kind: z.literal('stop'), epoch: count, reason: z.enum(STOP_REASONS) }),
  z.object({ version: z.int(), kind: z.literal('refused'), message: z.string().max(1024) }),
])
export type Renewal = z.infer<typeof renewalSchema>

/** Answers to `outcome`: it is in the run's status, or it counts no more. Either way the worker may forget it. */
export const settledSchema = z.discriminatedUnion('kind', [
  z.object({ version, kind: z.literal('settled'), epoch: count }),
  z.object({ version: z.int(), kind: z.literal('refused'), message: z.string().max(1024) }),
])
export type Settled = z.infer<typeof settledSchema>

/** Without an answer: to one worker, or to all. */
export const noticeSchema = z.discriminatedUnion('kind', [
  z.object({ version, kind: z.literal('stop'), epoch: count, id: leaseIdSchema, reason: z.enum(STOP_REASONS) }),
  /** To all workers of a pool: nobody holds what they asked before. */
  z.object({ version, kind: z.literal('ask'), epoch: count }),
])
export type Notice = z.infer<typeof noticeSchema>

/** The same for equal ids, and for no others. */
export const leaseKey = ({ runUid, process, step, attempt, try: number }: LeaseId): string =>
  `${runUid}/${process}/${step}/${attempt}/${number}`

export const encode = (message: object): Uint8Array => Buffer.from(JSON.stringify(message))

/** undefined: not that message. */
export function decode<T>(schema: z.ZodType<T>, data: Uint8Array): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(data).toString('utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** Up to that, setting up a compressor costs more than it saves. Characters. */
const PLAIN_TASK = 8_192

export function packTask(task: StepTask): string {
  const text = JSON.stringify(task)
  return text.length <= PLAIN_TASK ? text : gzipSync(text, { level: 1 }).toString('base64')
}

/** undefined: damaged. */
export function unpackTask(text: string): StepTask | undefined {
  try {
    const json = text.startsWith('{') ? text : gunzipSync(Buffer.from(text, 'base64')).toString('utf8')
    return JSON.parse(json) as StepTask
  } catch {
    return undefined
  }
}

export const packOutcome = ({ runUid, attempt, try: number }: LeaseId, outcome: StepOutcome): string =>
  encodeOutcome({ runUid, attempt, try: number }, outcome)

/** undefined: no outcome, or another step's. */
export function unpackOutcome(id: LeaseId, text: string): StepOutcome | undefined {
  const message = decodeOutcome(text)
  if (message === undefined) return undefined
  const { runUid, attempt, try: number, outcome } = message
  const key = leaseKey({ runUid, attempt, try: number, process: outcome.process, step: outcome.step })
  return key === leaseKey(id) ? outcome : undefined
}
