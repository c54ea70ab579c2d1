// Waiting in tests: poll until something holds, up to a deadline that only a broken system reaches.

export interface UntilOptions {
  readonly seconds?: number
  readonly everyMs?: number
  /** Told when the deadline passes: what was seen last. */
  readonly seen?: () => unknown
  /** A reason to give up at once. */
  readonly hopeless?: () => Error | undefined
}

/** Polls `probe` until it gives something other than undefined, null or false. Whatever it throws counts as "not yet". */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + (options.seconds ?? 60) * 1000
  let failure: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>
      failure = undefined
    } catch (error) {
      failure = error
    }
    const end = options.hopeless?.()
    if (end !== undefined) throw end
    if (Date.now() > deadline) throw new Error(timeoutMessage(what, options, failure), { cause: failure })
    await pause(options.everyMs ?? 50)
  }
}

function timeoutMessage(what: string, options: UntilOptions, failure: unknown): string {
  const seen = options.seen === undefined ? '' : `; last seen: ${JSON.stringify(options.seen(), null, 2)}`
  const why =
    failure === undefined
      ? ''
      : `; the last try failed: ${failure instanceof Error ? failure.message : String(failure)}`
  return `waited ${options.seconds ?? 60} s in vain until ${what}${why}${seen}`
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
