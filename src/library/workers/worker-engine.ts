// An engine that runs no step itself: it leases each to a worker process, over the protocol that the operator speaks with
// the pools of a cluster, and waits for its outcome.
import { Fault } from '../../base/index.ts'
import {
  type Agreement,
  type LeaseFact,
  type LeaseId,
  type LeaseServer,
  leaseKey,
  type Wanted,
} from '../../dispatch/index.ts'
import { type StepOutcome, type StepPlan, taskOf, type WriteResult } from '../../plan/index.ts'
import type { Engine, StepContext } from '../../step/index.ts'

/** How often a step is given to another worker when its worker was lost. */
const MAX_LOST = 5

/** A step that is with the workers. */
interface Waiting {
  want: Wanted
  signal: AbortSignal
  lost: number
  resolve: (outcome: StepOutcome) => void
}

export interface WorkerEngineOptions {
  server: Pick<LeaseServer, 'agree' | 'factsOf'>
  /** `namespace/name`. */
  pool: string
  now: () => number
}

export class WorkerEngine implements Engine {
  readonly #options: WorkerEngineOptions
  /** Run id → key of the lease → step. */
  readonly #runs = new Map<string, Map<string, Waiting>>()

  constructor(options: WorkerEngineOptions) {
    this.#options = options
  }

  /** @throws Fault of the step; transient Interrupted, WorkersLost; invalid NotForWorkers */
  async runStep(step: StepPlan, context: StepContext): Promise<WriteResult> {
    if (context.reader !== undefined || context.writer !== undefined) throw notForWorkers(step)
    const { info, signal } = context
    const { promise, resolve } = Promise.withResolvers<StepOutcome>()
    this.#add(info.runId, { want: this.#want(step, context), signal, lost: 0, resolve })
    const agree = () => this.#agree(info.runId)
    signal.addEventListener('abort', agree)
    try {
      agree()
      return resultOf(step, await promise)
    } finally {
      signal.removeEventListener('abort', agree)
    }
  }

  /** Something has happened to the leases of the run. */
  look(runId: string): void {
    const over = new Set<string>()
    for (const fact of this.#options.server.factsOf(runId)) {
      const key = leaseKey(idOf(runId, fact))
      const waiting = this.#runs.get(runId)?.get(key)
      if (waiting === undefined || (fact.state !== 'ended' && fact.state !== 'expired')) continue
      over.add(key)
      this.#runs.get(runId)?.delete(key)
      const outcome = fact.outcome ?? lostOutcome(waiting)
      if (outcome === undefined) this.#add(runId, nextTry(waiting))
      else waiting.resolve(outcome)
    }
    this.#agree(runId, over)
  }

  async close(): Promise<void> {}

  #add(runId: string, waiting: Waiting): void {
    const run = this.#runs.get(runId) ?? new Map<string, Waiting>()
    this.#runs.set(runId, run.set(leaseKey(waiting.want.id), waiting))
  }

  #want(step: StepPlan, { info, storage }: StepContext): Wanted {
    const { runId, correlationId, attempt, lastAttempt, pipeline, planHash: hash, params } = info
    const run = { runId, correlationId, attempt, lastAttempt }
    return {
      id: { runUid: runId, process: step.process, step: step.name, attempt, try: 1 },
      pool: this.#options.pool,
      task: taskOf(step, { plan: { pipeline, hash, params }, binding: storage, run }),
      mayBeHeld: false,
    }
  }

  #agree(runId: string, seen: ReadonlySet<string> = new Set()): void {
    const all = [...(this.#runs.get(runId)?.values() ?? [])]
    // a step's own timeout is kept by its worker; when all are aborted, the run is
    const isStopped = all.length > 0 && all.every(({ signal }) => signal.aborted)
    const agreement: Agreement = isStopped
      ? { wanted: [], seen, stop: 'cancelled' }
      : { wanted: all.map(({ want }) => want), seen, final: all.length === 0 }
    this.#options.server.agree({ uid: runId, key: runId }, agreement)
    if (isStopped) this.#giveUpUnleased(runId)
    if (all.length === 0) this.#runs.delete(runId)
  }

  /** What no worker has ends with the run; of the others the outcome is told. */
  #giveUpUnleased(runId: string): void {
    const leased = new Set(this.#options.server.factsOf(runId).map((fact) => leaseKey(idOf(runId, fact))))
    for (const [key, { want, resolve }] of this.#runs.get(runId) ?? []) {
      if (leased.has(key)) continue
      this.#runs.get(runId)?.delete(key)
      const { process, step } = want.id
      resolve({ process, step, state: 'Cancelled', durationMs: 0 })
    }
  }
}

const idOf = (runUid: string, { process, step, attempt, try: number }: LeaseFact): LeaseId => ({
  runUid,
  process,
  step,
  attempt,
  try: number,
})

/** undefined: another worker may try. */
function lostOutcome({ want, lost }: Waiting): StepOutcome | undefined {
  if (lost < MAX_LOST) return undefined
  const { process, step } = want.id
  const message = `cannot run step "${process}/${step}": its worker was lost ${MAX_LOST + 1} times; look at the workers' messages`
  return { process, step, state: 'Failed', durationMs: 0, error: { kind: 'transient', code: 'WorkersLost', message } }
}

function nextTry({ want, lost, ...waiting }: Waiting): Waiting {
  return { ...waiting, lost: lost + 1, want: { ...want, id: { ...want.id, try: want.id.try + 1 } } }
}

/** @throws Fault what ended the step */
function resultOf(step: StepPlan, { state, write, error }: StepOutcome): WriteResult {
  if (state === 'Succeeded' && write !== undefined) return write
  if (error !== undefined) throw new Fault(error)
  throw new Fault({
    kind: 'transient',
    code: 'Interrupted',
    message: `cannot finish step "${step.process}/${step.name}": its worker was stopped; run it again`,
  })
}

const notForWorkers = (step: StepPlan): Fault =>
  new Fault({
    kind: 'invalid',
    code: 'NotForWorkers',
    message: `cannot run step "${step.process}/${step.name}" in a worker: a custom reader or writer lives in this process; leave out the workers`,
  })
