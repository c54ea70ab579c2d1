// loom run: compiles, runs, shows.
import { randomUUID } from 'node:crypto'
import { parseDuration, showDuration } from '../../base/index.ts'
import type { LocalRunOptions } from '../../library/index.ts'
import type { RetrySpec } from '../../manifest/index.ts'
import { explain, type RunReport } from '../../plan/index.ts'
import { type ChosenRun, chooseRuns, compileChosen, locateProblems } from '../choose-runs.ts'
import { EXIT, type Io, painter, UsageError } from '../io.ts'
import { type Loaded, loadManifests } from '../load-manifests.ts'
import { liveProgress } from '../progress/live.ts'
import { plainProgress } from '../progress/plain.ts'
import { reportText } from '../progress/summary.ts'
import { reportProblems } from '../report-problems.ts'
import { choiceOf, type RunFlags } from '../run-flags.ts'

export async function runCommand(names: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const loaded = await loadManifests([...flags.file, ...(flags.storage === undefined ? [] : [flags.storage])], io)
  if (reportProblems(loaded.problems, loaded, io)) return EXIT.invalid
  const reports: RunReport[] = []
  for (const chosen of chooseRuns(loaded, choiceOf(names, flags))) {
    const report = await runOne(chosen, loaded, { flags, io })
    if (report === undefined) return EXIT.invalid
    if (report === 'dry run') continue
    reports.push(report)
    if (report.state !== 'Succeeded') break
  }
  if (flags.output === 'json') io.out(`${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`)
  const last = reports.at(-1)
  if (last?.state === 'Cancelled') return EXIT.interrupted
  return last === undefined || last.state === 'Succeeded' ? EXIT.succeeded : EXIT.failed
}

async function runOne(
  chosen: ChosenRun,
  loaded: Loaded,
  { flags, io }: { flags: RunFlags; io: Io },
): Promise<RunReport | 'dry run' | undefined> {
  if (chosen.spec.suspend === true || chosen.spec.cancel === true) {
    throw new UsageError(
      `cannot run "${chosen.name}": it is ${chosen.spec.cancel === true ? 'cancelled' : 'suspended'} in its file; remove spec.${chosen.spec.cancel === true ? 'cancel' : 'suspend'}`,
    )
  }
  const { result } = compileChosen(chosen, io.cwd)
  const problems = result.ok ? result.warnings : result.problems
  reportProblems(locateProblems(problems, chosen), loaded, io)
  if (!result.ok) return undefined
  if (flags.dryRun) {
    io.out(flags.output === 'json' ? `${JSON.stringify(result.plan, null, 2)}\n` : explain(result.plan, result.binding))
    return 'dry run'
  }
  const report = await attempts(chosen, { plan: result.plan, binding: result.binding }, { flags, io })
  if (flags.output === 'text') io.out(reportText(report, chosen, loaded.texts, painter(io)))
  return report
}

type Compiled = Pick<LocalRunOptions, 'plan' | 'binding'>

/** Attempts with growing waits, for faults that may pass; what has succeeded is not done again. */
async function attempts(
  chosen: ChosenRun,
  compiled: Compiled,
  { flags, io }: { flags: RunFlags; io: Io },
): Promise<RunReport> {
  const retry = chosen.spec.retry
  const limit = flags.retries ?? retry?.limit ?? 0
  const runId = flags.runId ?? chosen.spec.runId ?? randomUUID()
  const first = flags.attempt ?? 1
  const deadline = deadlineOf(chosen)
  const signal = deadline === undefined ? io.signal : AbortSignal.any([io.signal, deadline])
  for (let attempt = first; ; attempt++) {
    const last = flags.lastAttempt || attempt - first >= limit
    const run = { runId, correlationId: chosen.spec.correlationId ?? null, attempt, lastAttempt: last }
    const report = await attemptOnce({ ...compiled, run, signal }, { flags, io })
    if (report.state === 'Cancelled' && deadline?.aborted === true && !io.signal.aborted)
      return timedOut(report, chosen)
    if (report.state !== 'Failed' || last || !mayPass(report)) return report
    const waitMs = backoffMs(retry, attempt - first)
    io.err(`attempt ${attempt} failed: ${report.error?.code}; the next one begins in ${showDuration(waitMs)}\n`)
    await pause(waitMs, signal)
  }
}

async function attemptOnce(
  options: Compiled & Pick<LocalRunOptions, 'run'> & { signal: AbortSignal },
  { flags, io }: { flags: RunFlags; io: Io },
): Promise<RunReport> {
  const { runLocally } = await import('../../library/index.ts')
  const live =
    flags.progress === 'auto' && io.liveTerminal && flags.output === 'text'
      ? liveProgress(options.plan, io, Date.now)
      : undefined
  const plain =
    live === undefined && flags.progress !== 'none' && flags.output === 'text' ? plainProgress(io) : undefined
  const watcher = live ?? plain
  const paint = painter(io)
  try {
    return await runLocally({
      ...options,
      observers: await observers(flags, io),
      log: { info: () => {}, warn: (message) => io.err(`${paint('yellow', 'warning')}: ${message}\n`) },
      ...(watcher === undefined ? {} : { watcher }),
      ...(flags.parallel === undefined ? {} : { parallel: flags.parallel }),
      ...(flags.memory === undefined ? {} : { memoryLimit: flags.memory }),
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
      ...(io.env['LOOM_EXTENSIONS'] === undefined ? {} : { extensionsFolder: io.env['LOOM_EXTENSIONS'] }),
    })
  } finally {
    live?.stop()
  }
}

async function observers(flags: RunFlags, io: Io): Promise<NonNullable<LocalRunOptions['observers']>> {
  const list = []
  if (flags.log) list.push((await import('../../observability/log-observer.ts')).logObserver(io.err))
  if (flags.metricsFile !== undefined)
    list.push((await import('../../observability/metrics-observer.ts')).metricsFileObserver(flags.metricsFile))
  return list
}

const mayPass = ({ steps }: RunReport): boolean =>
  steps.every(
    ({ state, error }) =>
      state !== 'Failed' || error?.kind === 'transient' || error?.kind === 'conflict' || error?.kind === 'missing',
  )

function deadlineOf({ spec }: ChosenRun): AbortSignal | undefined {
  const ms = parseDuration(spec.timeout ?? '')
  return ms === undefined ? undefined : AbortSignal.timeout(ms)
}

function timedOut(report: RunReport, { spec }: ChosenRun): RunReport {
  const error = {
    kind: 'transient' as const,
    code: 'TimedOut',
    message: `the run took longer than spec.timeout, ${spec.timeout}; raise it, or give the run less to do`,
  }
  const at = report.steps.find(({ state }) => state === 'Cancelled')
  return { ...report, state: 'Failed', error: { ...error, process: at?.process ?? '', step: at?.step ?? '' } }
}

function backoffMs(retry: RetrySpec | undefined, failed: number): number {
  const initial = parseDuration(retry?.backoff?.initial ?? '') ?? 10_000
  const max = parseDuration(retry?.backoff?.max ?? '') ?? 300_000
  return Math.min(max, initial * (retry?.backoff?.factor ?? 2) ** failed)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
