// How the members of a parallel group are started (EXE-4): all of them, all awaited, then the first failure in declared
// order is thrown (EXE-5). The bound on steps at the same time is the runner's, so that nested groups can't deadlock.

export interface Dispatcher {
  runAll(tasks: (() => Promise<void>)[]): Promise<void>
}

/** Starts all at once; who waits for a slot waits inside its task. */
export const concurrentDispatcher: Dispatcher = {
  async runAll(tasks) {
    const settled = await Promise.allSettled(tasks.map((task) => task()))
    for (const result of settled) if (result.status === 'rejected') throw result.reason
  },
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
