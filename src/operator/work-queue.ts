// Keys to look at, each at most once at a time. As in client-go: a key added while it is worked on is worked on again
// afterwards, a key added twice is worked on once, and a key that fails waits longer each time. A look ends all earlier
// wishes to look again later: it says itself when.
//
// Q1 One key is never in two hands. Q2 No added key is lost. Q3 At most `workers` keys are in hand.

export interface WorkQueueOptions {
  workers: number
  /** Looks at one key; what it throws counts as a failure. Resolves with ms after which to look again, or undefined. */
  work: (key: string) => Promise<number | undefined>
  /** Told after each look. */
  onDone?: (done: { key: string; error?: unknown; waitedMs: number; workedMs: number }) => void
  minRetryMs?: number
  maxRetryMs?: number
  /** Ms that a failure itself asks to wait at least (Retry-After). */
  askedMs?: (error: unknown) => number | undefined
  monotonic: () => number
  random: () => number
}

export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #ready = new Map<string, number>()
  readonly #inHand = new Set<string>()
  readonly #again = new Set<string>()
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; due: number }>()
  readonly #failures = new Map<string, number>()
  #stopped = false
  #idle: (() => void)[] = []

  constructor(options: WorkQueueOptions) {
    this.#options = options
  }

  get depth(): number {
    return this.#ready.size
  }

  /** Puts a key in line, at once. */
  add(key: string): void {
    if (this.#stopped) return
    if (this.#inHand.has(key)) this.#again.add(key)
    else if (!this.#ready.has(key)) this.#ready.set(key, this.#options.monotonic())
    this.#pump()
  }

  /** Puts a key in line after a while; the earlier of two such wishes counts. */
  addLater(key: string, ms: number): void {
    if (this.#stopped) return
    const due = this.#options.monotonic() + ms
    const planned = this.#timers.get(key)
    if (planned !== undefined && planned.due <= due) return
    if (planned !== undefined) clearTimeout(planned.timer)
    const timer = setTimeout(
      () => {
        this.#timers.delete(key)
        this.add(key)
      },
      Math.min(ms, 2 ** 31 - 1),
    )
    this.#timers.set(key, { timer, due })
  }

  /** Takes no more work; resolves when nothing is in hand. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const { timer } of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#ready.clear()
    this.#again.clear()
    if (this.#inHand.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #pump(): void {
    for (const [key, since] of this.#ready) {
      if (this.#inHand.size >= this.#options.workers) return
      this.#ready.delete(key)
      this.#inHand.add(key)
      void this.#take(key, since)
    }
  }

  async #take(key: string, since: number): Promise<void> {
    const { work, onDone, monotonic } = this.#options
    const started = monotonic()
    this.#forgetTimer(key)
    let error: unknown
    try {
      const lookAgainMs = await work(key)
      this.#failures.delete(key)
      if (lookAgainMs !== undefined) this.addLater(key, lookAgainMs)
    } catch (thrown) {
      error = thrown ?? new Error('nothing was thrown')
      this.addLater(key, this.#retryMs(key, error))
    }
    this.#inHand.delete(key)
    if (this.#again.delete(key)) this.add(key)
    this.#pump()
    if (this.#inHand.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
    onDone?.({
      key,
      waitedMs: started - since,
      workedMs: monotonic() - started,
      ...(error === undefined ? {} : { error }),
    })
  }

  #forgetTimer(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer)
    this.#timers.delete(key)
  }

  #retryMs(key: string, error: unknown): number {
    const { minRetryMs = 50, maxRetryMs = 60_000, askedMs, random } = this.#options
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    const grown = Math.min(maxRetryMs, minRetryMs * 2 ** (failures - 1)) * (0.5 + random() / 2)
    return Math.max(grown, Math.min(maxRetryMs, askedMs?.(error) ?? 0))
  }
}
