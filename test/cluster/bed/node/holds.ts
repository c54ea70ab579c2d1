// Gates that a test closes and opens again: what matches a closed gate waits there.

export type Release = () => void

interface Hold<T> {
  readonly matches: (subject: T) => boolean
  readonly released: Promise<void>
}

export class Holds<T> {
  readonly #holds = new Set<Hold<T>>()

  /** Closes a gate for every subject that matches; the returned function opens it. */
  close(matches: (subject: T) => boolean): Release {
    const { promise, resolve } = Promise.withResolvers<void>()
    const hold = { matches, released: promise }
    this.#holds.add(hold)
    return () => {
      this.#holds.delete(hold)
      resolve()
    }
  }

  /** Resolves when no closed gate matches. `subject` is asked anew after each release: it may have changed. */
  async pass(subject: () => T): Promise<void> {
    for (;;) {
      const hold = [...this.#holds].find(({ matches }) => matches(subject()))
      if (hold === undefined) return
      await hold.released
    }
  }
}
