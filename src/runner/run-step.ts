// One step: its plan and its context in, its outcome out. Never throws: what goes wrong is the outcome.
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asFault, Fault, showDuration } from '../base/index.ts'
import { outcomeError, type StepOutcome, type StepPlan, type WriteResult } from '../plan/index.ts'
import type { Engine, StepContext, StepLog } from '../step/index.ts'

/** Everything of a step's context that does not depend on the step's own time and folder. */
export type StepSurroundings = Omit<StepContext, 'signal' | 'workFolder' | 'assertMayCommit'> & {
  /** Absolute folder in which the step's own scratch folder is made, and removed at its end. */
  workRoot: string
  /** Aborted when the run is to stop. */
  signal: AbortSignal
  /** Asked before the commit, beside the step's own time. @throws Fault conflict LeaseLost */
  assertMayCommit?: () => void | Promise<void>
  /** Is told what was thrown, beside the outcome, which is data only. */
  onFault?: (fault: Fault) => void
  /** So long an engine may take to stop after an abort; then it is left behind, unable to commit. Default 10 s. */
  graceMs?: number
}

/** Longer ones would overflow the timer, which then fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const GRACE_MS = 10_000

/** The outcome is Succeeded, Failed, or Cancelled when `signal` was aborted. A timeout is Failed: transient TimedOut. */
export async function runStep(step: StepPlan, engine: Engine, surroundings: StepSurroundings): Promise<StepOutcome> {
  const { workRoot, signal, now, info, onFault, graceMs = GRACE_MS, assertMayCommit, ...rest } = surroundings
  const startedAt = now()
  const about = { process: step.process, step: step.name }
  const time = stepTime(step)
  const stop = AbortSignal.any([signal, time.signal])
  const assertInTime = () => {
    // the clock is asked too: a busy process hears of its timers late
    if (step.timeoutMs !== null && now() - startedAt >= step.timeoutMs) time.expire()
    if (stop.aborted) throw timeIsOver(step)
  }
  const workFolder = join(workRoot, info.stepRunId)
  const context: StepContext = {
    ...rest,
    info,
    now,
    signal: stop,
    workFolder,
    log: stepLog(rest.log, step),
    async assertMayCommit() {
      assertInTime()
      await assertMayCommit?.()
      assertInTime() // it may have taken a while
    },
  }
  try {
    await mkdir(workFolder, { recursive: true })
    stop.throwIfAborted()
    const write = await untilGivenUp(runOnce(step, engine, context), stop, graceMs)
    return { ...about, state: 'Succeeded', write, durationMs: now() - startedAt }
  } catch (thrown) {
    const fault = signal.aborted ? interrupted(step) : time.signal.aborted ? timedOut(step) : asFault(thrown)
    onFault?.(fault)
    const state = signal.aborted ? 'Cancelled' : 'Failed'
    return { ...about, state, durationMs: now() - startedAt, error: outcomeError(fault) }
  } finally {
    time.clear()
    await removeFolder(workFolder)
  }
}

/** Mostly it is empty: nothing was spilt. Then this is one call instead of a walk. */
async function removeFolder(folder: string): Promise<void> {
  await rmdir(folder).catch(() => rm(folder, { recursive: true, force: true }).catch(() => undefined))
}

/** The result of a step that this run has done before. */
export const DONE_BEFORE: WriteResult = { rows: 0, bytes: 0, files: 0, alreadyCommitted: true, warnings: [] }

/** A table knows by itself what was committed; of a temp the store knows. */
async function runOnce(step: StepPlan, engine: Engine, context: StepContext): Promise<WriteResult> {
  const { target, process, name } = step
  const isDone = target.kind === 'temp' && (await context.temps.isPublished?.(target, { process, step: name }))
  return isDone === true ? DONE_BEFORE : await engine.runStep(step, context)
}

function stepTime({ timeoutMs }: StepPlan): { signal: AbortSignal; expire: () => void; clear: () => void } {
  const controller = new AbortController()
  const expire = () => controller.abort()
  const timer = timeoutMs === null ? undefined : setTimeout(expire, Math.min(timeoutMs, LONGEST_TIMER_MS))
  return { signal: controller.signal, expire, clear: () => clearTimeout(timer) }
}

/** The work, or a rejection once it goes on for too long after the abort. */
async function untilGivenUp<T>(work: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => {
    timer = setTimeout(() => reject(new Error('the engine did not stop')), graceMs)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, givenUp])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined) // of a work that was left behind
  }
}

function stepLog(log: StepLog, { process, name }: StepPlan): StepLog {
  return {
    info: (message, fields) => log.info(message, { process, step: name, ...fields }),
    warn: (message, fields) => log.warn(message, { process, step: name, ...fields }),
  }
}

const interrupted = ({ name }: StepPlan): Fault =>
  new Fault({
    kind: 'transient',
    code: 'Interrupted',
    message: `cannot finish step "${name}": the run was interrupted; run it again to go on`,
  })

const timeIsOver = ({ name }: StepPlan): Fault =>
  new Fault({
    kind: 'conflict',
    code: 'LeaseLost',
    message: `cannot commit step "${name}": its time was over before it got so far; nothing was changed`,
  })

const timedOut = ({ name, timeoutMs }: StepPlan): Fault =>
  new Fault({
    kind: 'transient',
    code: 'TimedOut',
    message: `cannot finish step "${name}": it took longer than its timeout, ${showDuration(timeoutMs ?? 0)}; raise the timeout, or give it less to do`,
  })
