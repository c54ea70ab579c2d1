// A plan, run in process: stages in order, the members of a stage at the same time, fail-fast between stages (EXE-1…6).
// Reads top to bottom: run → process → step → report → clean-up. Failures of steps never reject; they are the report.
import type { Fault } from '../base/index.ts'
import type { Observer } from '../observability/index.ts'
import {
  type OutcomeError,
  outcomeError,
  type Plan,
  type ProcessPlan,
  type RunIdentity,
  type RunReport,
  type StepOutcome,
  type StepPlan,
  type StorageBinding,
  stepsOf,
} from '../plan/index.ts'
import type { Company, Engine, OpenStore, SourceReader, StepLog, StepProgress, TargetWriter } from '../step/index.ts'
import { cleanUp } from './clean-up.ts'
import { concurrentDispatcher, type Dispatcher, dispatch, Slots } from './dispatcher.ts'
import { Lifecycle, type Span } from './lifecycle.ts'
import { Outcomes, reportOf } from './report.ts'
import { runStep, type StepSurroundings } from './run-step.ts'
import type { RunTemps } from './temp-places.ts'

export interface StepId {
  process: string
  step: string
}

/** Told of what goes on, for people who watch. */
export interface RunWatcher {
  stepStarted?(step: StepId): void
  stepProgressed?(step: StepId, progress: StepProgress): void
  /** The fault is what was thrown; the outcome's error is the same as data. */
  stepEnded?(outcome: StepOutcome, fault?: Fault): void
}

export interface RunPlanInput {
  plan: Plan
  binding: StorageBinding
  run: RunIdentity
  engine: Engine
  temps: RunTemps
  openStore: OpenStore
  /** Steps at the same time, over the whole run; at least 1. */
  parallel: number
  /** Absolute folder for scratch files. */
  workRoot: string
  /** Aborted: running steps are interrupted, nothing more is started, the run is Cancelled. */
  signal: AbortSignal
  now: () => number
  newId: () => string
  log: StepLog
  /** Called in this order. They are not flushed here: see flushObservers. */
  observers?: readonly Observer[]
  dispatcher?: Dispatcher
  watcher?: RunWatcher
  reader?: SourceReader
  writer?: TargetWriter
  /** Asked at the end: true when the caller makes another attempt now, for which the temps of the run are kept. */
  keepRunTemps?: (report: RunReport) => boolean
}

/** Runs all steps, then cleans up its temps (semantics §7.5). Never rejects for what a step, an observer or a cleaner does. */
export async function runPlan(input: RunPlanInput): Promise<RunReport> {
  const report = await new PlanRun(input).run()
  await cleanUp(report, { ...input, keepRunTemps: input.keepRunTemps?.(report) ?? false })
  return report
}

class PlanRun {
  readonly #input: RunPlanInput
  readonly #lifecycle: Lifecycle
  readonly #slots: Slots
  readonly #outcomes = new Outcomes()
  readonly #company: Company
  #fault: Fault | undefined

  constructor(input: RunPlanInput) {
    const { observers = [], run, now, log, parallel } = input
    this.#input = input
    this.#lifecycle = new Lifecycle({ observers, run, now, log })
    this.#company = { steps: stepsOf(input.plan), workFolder: input.workRoot }
    this.#slots = new Slots(Math.max(1, Math.floor(parallel)))
  }

  async run(): Promise<RunReport> {
    const { plan, run, now } = this.#input
    const startedAt = now()
    const span = this.#lifecycle.start(
      { scope: 'pipeline', name: plan.pipeline, id: run.runId, parentId: null },
      { planHash: plan.hash, params: plainParams(plan), nodes: plan.stages.length },
    )
    await this.#inOrder(plan.stages, (process) => this.#runProcess(process, span))
    const outcome = { plan, run, outcomes: this.#outcomes, startedAt, endedAt: now(), fault: this.#fault }
    const report = reportOf(outcome)
    if (report.state === 'Succeeded') this.#lifecycle.end(span, {})
    else {
      const { process, step } = report.error ?? {}
      const meta = { failedProcess: process ?? null, failedStep: step ?? null }
      this.#lifecycle.error(span, report.error ?? INTERRUPTED, { status: statusOf(report.state), meta })
    }
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

  /** Nothing in a group is cancelled because another member failed (EXE-2). */
  async #together<T>(members: T[], runMember: (member: T) => Promise<boolean>): Promise<boolean> {
    const [only] = members
    if (members.length === 1 && only !== undefined) return await runMember(only)
    let succeeded = true
    const tasks = members.map((member) => async () => {
      if (!(await runMember(member))) succeeded = false
    })
    const fault = await dispatch(this.#input.dispatcher ?? concurrentDispatcher, tasks)
    this.#fault ??= fault
    return succeeded && fault === undefined
  }

  async #runProcess(process: ProcessPlan, parent: Span): Promise<boolean> {
    if (this.#input.signal.aborted) return false
    const span = this.#lifecycle.start(
      { scope: 'process', name: process.name, id: this.#input.newId(), parentId: parent.id },
      { steps: process.stages.length },
    )
    const succeeded = await this.#inOrder(process.stages, (step) => this.#slots.hold(() => this.#runStep(step, span)))
    if (succeeded) this.#lifecycle.end(span, {})
    else {
      const { error, state, step } = this.#firstFailureOf(process)
      this.#lifecycle.error(span, error ?? INTERRUPTED, { status: statusOf(state), meta: { failedStep: step ?? null } })
    }
    return succeeded
  }

  #firstFailureOf(process: ProcessPlan): Partial<StepOutcome> & Pick<StepOutcome, 'state'> {
    const outcomes = process.stages.flat().flatMap((step) => this.#outcomes.get(idOf(step)) ?? [])
    const failed = outcomes.find(({ state }) => state === 'Failed')
    const cancelled = outcomes.find(({ state }) => state === 'Cancelled')
    const known = failed ?? cancelled
    if (known !== undefined) return known
    return this.#fault === undefined ? { state: 'Cancelled' } : { state: 'Failed', error: outcomeError(this.#fault) }
  }

  async #runStep(step: StepPlan, parent: Span): Promise<boolean> {
    const { watcher, engine, newId, signal } = this.#input
    if (signal.aborted) return false // it waited for its slot
    const id = idOf(step)
    const span = this.#lifecycle.start(
      { scope: 'step', name: step.name, id: newId(), parentId: parent.id },
      { process: step.process, sources: step.sources.map(({ alias }) => alias), target: targetLabel(step) },
    )
    watcher?.stepStarted?.(id)
    let fault: Fault | undefined
    const onFault = (thrown: Fault) => {
      fault = thrown
    }
    const surroundings = this.#surroundings(step, { processRunId: parent.id, stepRunId: span.id })
    const outcome = await runStep(step, engine, { ...surroundings, onFault })
    this.#outcomes.set(outcome)
    if (outcome.state === 'Succeeded') this.#lifecycle.end(span, { process: step.process, ...outcome.write })
    else {
      const told = { status: statusOf(outcome.state), meta: { process: step.process } }
      this.#lifecycle.error(span, outcome.error ?? INTERRUPTED, told)
    }
    watcher?.stepEnded?.(outcome, fault)
    return outcome.state === 'Succeeded'
  }

  #surroundings(step: StepPlan, ids: { processRunId: string; stepRunId: string }): StepSurroundings {
    const { plan, binding, run, temps, openStore, workRoot, signal, now, newId, log } = this.#input
    const { watcher, reader, writer } = this.#input
    const id = idOf(step)
    return {
      info: { ...run, ...ids, ...id, pipeline: plan.pipeline, planHash: plan.hash, params: plan.params },
      storage: binding,
      openStore,
      temps,
      workRoot,
      company: this.#company,
      signal,
      now,
      newId,
      log,
      onProgress: (progress) => watcher?.stepProgressed?.(id, progress),
      ...(reader === undefined ? {} : { reader }),
      ...(writer === undefined ? {} : { writer }),
    }
  }
}

const INTERRUPTED = {
  kind: 'transient',
  code: 'Interrupted',
  message: 'cannot finish the run: it was interrupted; run it again to go on',
} as const satisfies OutcomeError

const idOf = ({ process, name }: StepPlan): StepId => ({ process, step: name })

const statusOf = (state: StepOutcome['state']): 'failure' | 'cancelled' =>
  state === 'Cancelled' ? 'cancelled' : 'failure'

function targetLabel({ target }: StepPlan): string {
  switch (target.kind) {
    case 'table':
      return `table ${target.ref}`
    case 'file':
      return `file ${'path' in target.location ? target.location.path : target.location.file}`
    case 'temp':
      return `temp ${target.name}`
    default:
      return target satisfies never
  }
}

const plainParams = ({ params }: Plan): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      value.type === 'list' ? value.value.map((item) => item.value) : value.value,
    ]),
  )
