// How the members of a parallel group are started (EXE-4): all of them, and all are awaited. The bound on steps at the
// same time is the runner's own, taken only around a step, so that nested groups can't deadlock whatever the dispatcher does.
import { asFault, Fault } from '../base/index.ts'

/** A custom one may add to each task (context, tracing), or start them in its own way; it must start all and wait for all. */
export interface Dispatcher {
  /** The tasks never reject: what fails is in the run's report, the first failure in declared order first (EXE-5). */
  runAll(tasks: (() => Promise<void>)[]): Promise<void>
}

/** Starts all at once; who waits for a slot waits inside its task. */
export const concurrentDispatcher: Dispatcher = {
  async runAll(tasks) {
    await Promise.all(tasks.map((task) => task()))
  },
}

/**
 * Hands the tasks to the dispatcher and trusts it little: a task runs once at most, and what was started is awaited.
 * @returns the fault of a dispatcher that threw or forgot a task
 */
export async function dispatch(dispatcher: Dispatcher, tasks: (() => Promise<void>)[]): Promise<Fault | undefined> {
  const started: (Promise<void> | undefined)[] = tasks.map(() => undefined)
  const once = tasks.map((task, i) => () => {
    started[i] ??= task()
    return started[i]
  })
  let reason: string | undefined
  try {
    await dispatcher.runAll(once)
  } catch (thrown) {
    reason = asFault(thrown).message
  }
  await Promise.all(started)
  const forgotten = started.filter((task) => task === undefined).length
  if (reason === undefined && forgotten === 0) return undefined
  return new Fault({
    kind: 'defect',
    code: 'DispatcherFailed',
    message: `cannot run a parallel group of ${tasks.length}: the dispatcher ${reason === undefined ? `did not start ${forgotten} of them` : `failed (${reason})`}; it must start every task and wait for all`,
  })
}

/** At most `size` holders at a time; waiting in order of arrival. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.#free = size
  }

  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
