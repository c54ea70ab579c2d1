// A plan, run in process: stages in order, the members of a stage at the same time, fail-fast between stages (EXE-1…6).
// Reads top to bottom: run → process → step → report. Failures of steps never reject; they are the report.
import { asFault } from '../base/index.ts'
import type { Observer } from '../observability/index.ts'
import type { Plan, ProcessPlan, RunIdentity, RunReport, StepOutcome, StepPlan, StorageBinding } from '../plan/index.ts'
import type { Engine, OpenStore, SourceReader, StepLog, StepProgress, TargetWriter } from '../step/index.ts'
import { concurrentDispatcher, type Dispatcher, Slots } from './dispatcher.ts'
import { Lifecycle, type Span } from './lifecycle.ts'
import { reportOf } from './report.ts'
import { runStep } from './run-step.ts'
import type { RunTemps } from './temps.ts'

export interface StepId {
  process: string
  step: string
}

/** Told of what goes on, for people who watch. */
export interface RunWatcher {
  stepStarted?(step: StepId): void
  stepProgressed?(step: StepId, progress: StepProgress): void
  stepEnded?(outcome: StepOutcome): void
}

export interface RunPlanInput {
  plan: Plan
  binding: StorageBinding
  run: RunIdentity
  engine: Engine
  temps: RunTemps
  openStore: OpenStore
  /** Steps at the same time, over the whole run. */
  parallel: number
  /** Absolute folder for scratch files. */
  workRoot: string
  signal: AbortSignal
  now: () => number
  newId: () => string
  log: StepLog
  observers?: readonly Observer[]
  dispatcher?: Dispatcher
  watcher?: RunWatcher
  reader?: SourceReader
  writer?: TargetWriter
}

export async function runPlan(input: RunPlanInput): Promise<RunReport> {
  return await new PlanRun(input).run()
}

/** Stops a process or pipeline after a failure; what failed is in the outcomes. */
class StageFailed extends Error {
  override readonly name = 'StageFailed'
}

class PlanRun {
  readonly #input: RunPlanInput
  readonly #lifecycle: Lifecycle
  readonly #slots: Slots
  readonly #dispatcher: Dispatcher
  readonly #outcomes = new Map<string, StepOutcome>()

  constructor(input: RunPlanInput) {
    this.#input = input
    this.#lifecycle = new Lifecycle({
      observers: input.observers ?? [],
      run: input.run,
      now: input.now,
      log: input.log,
    })
    this.#slots = new Slots(Math.max(1, input.parallel))
    this.#dispatcher = input.dispatcher ?? concurrentDispatcher
  }

  async run(): Promise<RunReport> {
    const { plan, run, now } = this.#input
    const startedAt = now()
    const span = this.#lifecycle.start(
      { scope: 'pipeline', name: plan.pipeline, id: run.runId, parentId: null },
      { planHash: plan.hash, params: paramsMeta(plan), nodes: plan.stages.length },
    )
    await this.#inOrder(plan.stages, (process) => this.#runProcess(process, span))
    const report = reportOf({
      plan,
      run,
      outcomes: this.#outcomes,
      startedAt,
      endedAt: now(),
      cancelled: this.#input.signal.aborted,
    })
    if (report.error === undefined && report.state === 'Succeeded') this.#lifecycle.end(span, {})
    else
      this.#lifecycle.error(span, report.error ?? INTERRUPTED, report.state === 'Cancelled' ? 'cancelled' : 'failure')
    await this.#cleanUp(report)
    await this.#lifecycle.flush()
    return report
  }

  /** @returns whether all stages went well */
  async #inOrder<T>(stages: T[][], runMember: (member: T) => Promise<boolean>): Promise<boolean> {
    for (const members of stages) {
      if (this.#input.signal.aborted) return false
      if (!(await this.#together(members, runMember))) return false
    }
    return true
  }

  async #together<T>(members: T[], runMember: (member: T) => Promise<boolean>): Promise<boolean> {
    const [only] = members
    if (members.length === 1 && only !== undefined) return await runMember(only)
    const tasks = members.map((member) => async () => {
      if (!(await runMember(member))) throw new StageFailed()
    })
    try {
      await this.#dispatcher.runAll(tasks)
      return true
    } catch (thrown) {
      if (!(thrown instanceof StageFailed))
        this.#input.log.warn('the dispatcher failed', { error: asFault(thrown).message })
      return false
    }
  }

  async #runProcess(process: ProcessPlan, parent: Span): Promise<boolean> {
    const span = this.#lifecycle.start(
      { scope: 'process', name: process.name, id: this.#input.newId(), parentId: parent.id },
      { steps: process.stages.length },
    )
    const succeeded = await this.#inOrder(process.stages, (step) => this.#slots.hold(() => this.#runStep(step, span)))
    if (succeeded) this.#lifecycle.end(span, {})
    else {
      const failed = process.stages
        .flat()
        .map((step) => this.#outcomes.get(keyOf(step)))
        .find((outcome) => outcome?.error !== undefined)
      this.#lifecycle.error(span, failed?.error ?? INTERRUPTED, this.#input.signal.aborted ? 'cancelled' : 'failure')
    }
    return succeeded
  }

  async #runStep(step: StepPlan, parent: Span): Promise<boolean> {
    const { watcher, engine, newId, signal } = this.#input
    if (signal.aborted) return false
    const id = { process: step.process, step: step.name }
    const span = this.#lifecycle.start(
      { scope: 'step', name: step.name, id: newId(), parentId: parent.id },
      { process: step.process, sources: step.sources.map(({ alias }) => alias), target: step.target.kind },
    )
    watcher?.stepStarted?.(id)
    const outcome = await runStep(
      step,
      engine,
      this.#surroundings(step, { processRunId: parent.id, stepRunId: span.id }),
    )
    this.#outcomes.set(keyOf(step), outcome)
    if (outcome.state === 'Succeeded') this.#lifecycle.end(span, { ...outcome.write })
    else
      this.#lifecycle.error(span, outcome.error ?? INTERRUPTED, outcome.state === 'Cancelled' ? 'cancelled' : 'failure')
    watcher?.stepEnded?.(outcome)
    return outcome.state === 'Succeeded'
  }

  #surroundings(step: StepPlan, ids: { processRunId: string; stepRunId: string }): Parameters<typeof runStep>[2] {
    const { plan, binding, run, temps, openStore, workRoot, signal, now, newId, log, watcher, reader, writer } =
      this.#input
    const id = { process: step.process, step: step.name }
    return {
      info: { ...run, ...ids, ...id, pipeline: plan.pipeline, planHash: plan.hash, params: plan.params },
      storage: binding,
      openStore,
      temps,
      workRoot,
      signal,
      now,
      newId,
      log,
      onProgress: (progress) => watcher?.stepProgressed?.(id, progress),
      ...(reader === undefined ? {} : { reader }),
      ...(writer === undefined ? {} : { writer }),
    }
  }

  /** TMP §7.5, with cancellation as a failure: it deletes nothing that a retry needs. A failing cleaner changes no outcome (RUN-15). */
  async #cleanUp({ state }: RunReport): Promise<void> {
    const { temps, run, log } = this.#input
    const attempt = async (what: string, clean: () => Promise<void>) => {
      try {
        await clean()
      } catch (thrown) {
        log.warn(`${what} could not be removed`, { error: asFault(thrown).message })
      }
    }
    // A cancelled run may be resumed by its run id.
    if (state !== 'Cancelled') await attempt('temps of the run', () => temps.cleanRun())
    if (run.correlationId === null) return
    if (state === 'Succeeded' && run.lastAttempt)
      await attempt('temps of the correlation id', () => temps.cleanCorrelation())
    else if (state === 'Failed' && run.lastAttempt) {
      log.warn(
        `temps of correlation id "${run.correlationId}" are kept for another run; remove them with: loom cleanup ${run.correlationId}`,
      )
    }
  }
}

const INTERRUPTED = { kind: 'transient', code: 'Interrupted', message: 'the run was interrupted' } as const

const keyOf = ({ process, name }: Pick<StepPlan, 'process' | 'name'>): string => `${process}/${name}`

const paramsMeta = ({ params }: Plan): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      value.type === 'list' ? value.value.map((item) => item.value) : value.value,
    ]),
  )
