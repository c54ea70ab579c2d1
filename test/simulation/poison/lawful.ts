// What every status must be that the operator writes, whatever it has seen.
import { type Condition, REASONS, runStatusSchema } from '../../../src/manifest/index.ts'

const MAX_STATUS_BYTES = 32 * 1024
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** @returns what is wrong: the CRD's schema, the size, times that are none, reasons without a name, a bug of ours */
export function statusProblem(status: unknown): string | undefined {
  const parsed = runStatusSchema.safeParse(status)
  if (!parsed.success) return parsed.error.message
  const bytes = Buffer.byteLength(JSON.stringify(status))
  if (bytes > MAX_STATUS_BYTES) return `${bytes} bytes`
  const { phase, reason = '', startedAt, finishedAt, nextAttemptAt, attemptStartedAt, conditions = [] } = parsed.data
  if (phase === undefined) return 'no phase'
  if (!Object.hasOwn(REASONS, reason)) return `reason "${reason}" has no name`
  if (reason === 'Defect') return `Defect: ${parsed.data.message}`
  const disagreement = disagreementOf(conditions)
  if (disagreement !== undefined) return disagreement
  const times = [startedAt, finishedAt, nextAttemptAt, attemptStartedAt]
  times.push(...conditions.map(({ lastTransitionTime }) => lastTransitionTime))
  const wrong = times.find((time) => time !== undefined && !TIME.test(time))
  return wrong === undefined ? undefined : `${wrong} is no time`
}

/** Tools read different conditions of a run, and must come to the same: under way, succeeded, or ended without success. */
const AGREED = ['Unknown True False', 'True False False', 'False False True']

function disagreementOf(conditions: Condition[]): string | undefined {
  const of = (wanted: string) => conditions.find(({ type }) => type === wanted)?.status
  const [succeeded, reconciling, stalled] = [of('Succeeded'), of('Reconciling'), of('Stalled')]
  if (AGREED.includes(`${succeeded} ${reconciling} ${stalled}`)) return undefined
  return `conditions disagree: Succeeded ${succeeded}, Reconciling ${reconciling}, Stalled ${stalled}`
}
