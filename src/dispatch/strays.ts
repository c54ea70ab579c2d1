// Leases that workers speak of and no status has told of yet: a new leader hears of them before it has looked at their runs.
import type { Speaker } from './lease-news.ts'

export class Strays {
  readonly #known = new Map<string, { worker: string; pool: string; until: number }>()

  note(key: string, { worker, pool }: Speaker, until: number): void {
    this.#known.set(key, { worker, pool, until })
  }

  /** The worker that has the lease, which is no stray from now on. */
  claim(key: string, pool: string): string | undefined {
    const stray = this.#known.get(key)
    if (stray?.pool !== pool) return undefined
    this.#known.delete(key)
    return stray.worker
  }

  forget(now: number): void {
    for (const [key, { until }] of this.#known) if (now >= until) this.#known.delete(key)
  }
}
