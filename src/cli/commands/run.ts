// loom run: compiles all that was asked for, then runs one after the other, and shows what became of it.
// Nothing is run before everything has compiled. Standard output gets the report and nothing else.
import { randomUUID } from 'node:crypto'
import type { Fault } from '../../base/index.ts'
import type { LocalRunOptions, LocalWorkers } from '../../library/index.ts'
import type { Observer } from '../../observability/index.ts'
import { explain, type Plan, type RunReport, type StorageBinding, stepsOf } from '../../plan/index.ts'
import { runAttempts } from '../attempts.ts'
import { type ChosenRun, chooseRuns } from '../choose-runs.ts'
import { compileHere, locateProblems } from '../compile-chosen.ts'
import { EXIT, type Io, painter, UsageError } from '../io.ts'
import { type Loaded, loadManifests, loadStorage } from '../load-manifests.ts'
import { openProgress, type Progress } from '../progress/progress.ts'
import { reportText } from '../progress/summary.ts'
import { reportProblems } from '../report-problems.ts'
import { choiceOf, type RunFlags } from '../run-flags.ts'
import { runObservers } from '../run-observers.ts'

interface ReadyRun {
  chosen: ChosenRun
  plan: Plan
  binding: StorageBinding
}

export async function runCommand(names: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const loaded = await loadStorage(await loadManifests(flags.file, io), flags.storage, io)
  if (reportProblems(loaded.problems, loaded, io)) return EXIT.invalid
  const ready = await compileAll(chooseRuns(loaded, choiceOf(names, flags)), loaded, io)
  if (ready === undefined) return EXIT.invalid
  if (flags.dryRun) return showPlans(ready, flags, io)
  if (flags.runId !== undefined && ready.length > 1)
    throw new UsageError(
      `cannot use --run-id for ${ready.length} runs: an id belongs to one of them; name the run, one of ${ready.map(({ chosen }) => chosen.name).join(', ')}`,
    )
  const observers = await runObservers(flags, io)
  const workers = await workersOf(flags, io)
  const reports: RunReport[] = []
  try {
    for (const run of ready) {
      const report = await runOne(run, { flags, io, observers, engine: workers?.engine })
      reports.push(report)
      if (flags.output === 'text') io.out(reportText(report, run.chosen, { texts: loaded.texts, paint: painter(io) }))
      if (report.state !== 'Succeeded') break
    }
  } finally {
    await workers?.stop()
    if (flags.output === 'json' && reports.length > 0)
      io.out(`${JSON.stringify(ready.length === 1 ? reports[0] : reports, null, 2)}\n`)
  }
  return exitCodeOf(reports.at(-1)?.state ?? 'Succeeded')
}

function exitCodeOf(state: RunReport['state']): number {
  switch (state) {
    case 'Succeeded':
      return EXIT.succeeded
    case 'Failed':
      return EXIT.failed
    case 'Cancelled':
      return EXIT.interrupted
    default:
      return state satisfies never
  }
}

/** @returns undefined when one of them has errors; all are reported */
async function compileAll(runs: readonly ChosenRun[], loaded: Loaded, io: Io): Promise<ReadyRun[] | undefined> {
  const ready: ReadyRun[] = []
  const written = new Set<string>()
  let failed = false
  for (const chosen of runs) {
    assertRunnable(chosen)
    const result = await compileHere(chosen, io.cwd, written)
    const problems = locateProblems(result.ok ? result.warnings : result.problems, chosen)
    if (reportProblems(problems, loaded, io) || !result.ok) failed = true
    else ready.push({ chosen, plan: result.plan, binding: result.binding })
  }
  return failed ? undefined : ready
}

/** @throws UsageError for a run that its file holds back */
function assertRunnable({ name, spec }: ChosenRun): void {
  const [field, state] =
    spec.cancel === true ? ['cancel', 'cancelled'] : spec.suspend === true ? ['suspend', 'suspended'] : []
  if (field === undefined) return
  throw new UsageError(`cannot run "${name}": it is ${state} in its file; remove spec.${field}`)
}

function showPlans(ready: readonly ReadyRun[], { output }: RunFlags, io: Io): number {
  const plans = ready.map(({ plan }) => plan)
  if (output === 'json') io.out(`${JSON.stringify(plans.length === 1 ? plans[0] : plans, null, 2)}\n`)
  else io.out(ready.map(({ plan, binding }) => explain(plan, binding)).join('\n'))
  return EXIT.succeeded
}

interface Means {
  flags: RunFlags
  io: Io
  observers: Observer[]
  /** That of the workers; undefined: one in this process. */
  engine: LocalRunOptions['engine']
}

async function runOne({ chosen, plan, binding }: ReadyRun, means: Means): Promise<RunReport> {
  const { flags, io } = means
  const { retry, timeout, runId, correlationId = null } = chosen.spec
  const progress = openProgress(plan, { name: chosen.name, flags, io })
  const attempts = async () =>
    await runAttempts({
      run: { runId: flags.runId ?? runId ?? randomUUID(), correlationId },
      first: flags.attempt ?? 1,
      limit: flags.retries ?? retry?.limit ?? 0,
      lastAttempt: flags.lastAttempt,
      backoff: retry?.backoff,
      timeout,
      signal: io.signal,
      attempt: async (run, control) => await attemptOnce({ plan, binding, run, ...control }, { ...means, progress }),
      say: progress.say,
    })
  try {
    if (!stepsOf(plan).some(({ body }) => body.kind === 'code')) return await attempts()
    const { hearingCtrlC } = await import('../busy-code.ts')
    return await hearingCtrlC(io.handlers, attempts)
  } finally {
    progress.stop()
  }
}

async function attemptOnce(
  options: Pick<LocalRunOptions, 'plan' | 'binding' | 'run' | 'signal' | 'keepRunTemps'>,
  { flags, io, observers, engine, progress }: Means & { progress: Progress },
): Promise<RunReport> {
  const { runLocally } = await import('../../library/index.ts')
  const { memory, threads } = flags
  const extensionsFolder = io.env['LOOM_EXTENSIONS']
  return await runLocally({
    ...options,
    log: { info: () => {}, warn: progress.warn },
    watcher: {
      ...progress.watcher,
      stepEnded(outcome, fault) {
        progress.watcher.stepEnded?.(outcome, fault)
        if (flags.verbose && fault?.kind === 'defect') progress.say(stackOf(fault))
      },
    },
    observers,
    ...(engine === undefined ? {} : { engine }),
    ...parallelism(flags),
    ...(memory === undefined ? {} : { memoryLimit: memory }),
    ...(threads === undefined ? {} : { threads }),
    ...(extensionsFolder === undefined ? {} : { extensionsFolder }),
  })
}

/** As many steps at the same time as there are workers. */
function parallelism({ parallel, workers }: RunFlags): Pick<LocalRunOptions, 'parallel'> {
  const steps = parallel ?? workers
  return steps === undefined ? {} : { parallel: steps }
}

/** @throws UsageError for settings of workers without workers, Fault what startWorkers throws */
async function workersOf({ workers, nats, natsCredentials }: RunFlags, io: Io): Promise<LocalWorkers | undefined> {
  if (workers === undefined) {
    if (nats === undefined && natsCredentials === undefined) return undefined
    throw new UsageError('cannot use --nats without workers: say how many with --workers')
  }
  const { startWorkers } = await import('../../library/index.ts')
  return await startWorkers({
    count: workers,
    path: io.env['PATH'] ?? '',
    warn: (message) => io.err(`${message}\n`),
    ...(nats === undefined ? {} : { nats }),
    ...(natsCredentials === undefined ? {} : { natsCredentials }),
  })
}

const stackOf = ({ cause, stack }: Fault): string => String((cause instanceof Error ? cause.stack : undefined) ?? stack)
