// Until when a step may commit: as long as its lease was renewed. Who gets there too early waits; the end of the wait is the
// abort that comes when the lease is over.
import { Fault } from '../base/index.ts'

export class CommitLeave {
  #until = Number.NEGATIVE_INFINITY
  #news = Promise.withResolvers<void>()

  /** @param until on the machine's monotonic clock */
  extend(until: number): void {
    this.#until = Math.max(this.#until, until)
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }

  /** @throws Fault conflict LeaseLost once `signal` is aborted */
  async granted(now: () => number, signal: AbortSignal): Promise<void> {
    const { promise: aborted, resolve: onAbort } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => onAbort(), { once: true })
    while (!signal.aborted) {
      if (now() < this.#until) return
      await Promise.race([this.#news.promise, aborted])
    }
    throw new Fault({
      kind: 'conflict',
      code: 'LeaseLost',
      message: 'cannot commit the step: its lease is over; nothing was changed',
    })
  }
}
