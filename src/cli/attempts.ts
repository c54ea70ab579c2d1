// The attempts of one run: more of them only after faults that may pass, with growing waits. All carry one run id, so that
// what has succeeded is not done again.
import { parseDuration, showDuration } from '../base/index.ts'
import { backoffMs, type RetrySpec } from '../manifest/index.ts'
import type { RunIdentity, RunReport } from '../plan/index.ts'

export interface AttemptsInput {
  run: Pick<RunIdentity, 'runId' | 'correlationId'>
  /** Number of the first one. */
  first: number
  /** Further attempts. */
  limit: number
  /** Even the first one is the last for sure: nobody calls again. */
  lastAttempt: boolean
  backoff: RetrySpec['backoff']
  /** Of all attempts together, as written: `2h`. */
  timeout: string | undefined
  /** Aborted by the user. */
  signal: AbortSignal
  attempt: (run: RunIdentity, control: AttemptControl) => Promise<RunReport>
  say: (line: string) => void
}

export interface AttemptControl {
  signal: AbortSignal
  /** Whether another attempt follows this report; it goes on with the temps of this one. */
  keepRunTemps: (report: RunReport) => boolean
}

/** @returns the report of the last attempt; Failed with TimedOut when the time was over. @throws Fault what an attempt throws */
export async function runAttempts(input: AttemptsInput): Promise<RunReport> {
  const { first, limit, lastAttempt, timeout, attempt, say } = input
  const deadline = deadlineOf(timeout)
  const signal = deadline === undefined ? input.signal : AbortSignal.any([input.signal, deadline])
  for (let number = first; ; number++) {
    const last = lastAttempt || number - first >= limit
    const another = (report: RunReport): boolean =>
      report.state === 'Failed' && number - first < limit && mayPass(report) && !signal.aborted
    const control = { signal, keepRunTemps: another }
    const report = await attempt({ ...input.run, attempt: number, lastAttempt: last }, control)
    if (deadline?.aborted === true && !input.signal.aborted && report.state !== 'Succeeded')
      return timedOut(report, timeout ?? '')
    if (!another(report)) return report
    const waitMs = backoffMs(input.backoff, number - first + 1)
    say(`attempt ${number} failed: ${report.error?.code ?? 'failed'}; the next one begins in ${showDuration(waitMs)}`)
    await pause(waitMs, signal)
    if (signal.aborted) return deadline?.aborted === true ? timedOut(report, timeout ?? '') : cancelled(report)
  }
}

const RETRIED: readonly string[] = ['transient', 'conflict', 'missing']

const mayPass = ({ steps, error }: RunReport): boolean =>
  RETRIED.includes(error?.kind ?? 'defect') &&
  steps.every((step) => step.state !== 'Failed' || RETRIED.includes(step.error?.kind ?? 'defect'))

/** Timers hold no more than this; a run that takes 24 days is not timed. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function deadlineOf(timeout: string | undefined): AbortSignal | undefined {
  const ms = parseDuration(timeout ?? '')
  return ms === undefined || ms > LONGEST_TIMER_MS ? undefined : AbortSignal.timeout(ms)
}

/** A step that was under way when the time was over has failed by it. */
function timedOut(report: RunReport, timeout: string): RunReport {
  const at =
    report.steps.find(({ state }) => state === 'Cancelled') ??
    report.steps.find(({ state }) => state === 'Failed') ??
    report.steps.find(({ state }) => state === 'Skipped')
  const error = {
    kind: 'transient' as const,
    code: 'TimedOut',
    message: `cannot finish the run: it took longer than its timeout of ${timeout}; raise spec.timeout, or give the run less to do`,
  }
  return { ...report, state: 'Failed', error: { ...error, process: at?.process ?? '', step: at?.step ?? '' } }
}

const cancelled = (report: RunReport): RunReport => ({ ...report, state: 'Cancelled' })

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
