// Where crashes have been played: every (state of the run × write × before or after) that occurs must be hit.

export class Coverage {
  /** How often each place occurred. */
  readonly occurred = new Map<string, number>()
  readonly hit = new Map<string, number>()

  /** Places that were not hit yet are hit as soon as they occur; others now and then. */
  crashHere(state: string, write: string, when: 'before' | 'after', random: () => number): boolean {
    const place = `${state} × ${write} × ${when}`
    const chance = this.isNew(place) ? 1 : 0.04
    if (random() >= chance) return false
    this.strike(place)
    return true
  }

  /** It occurs here, and was not hit yet. */
  isNew(place: string): boolean {
    this.occurred.set(place, (this.occurred.get(place) ?? 0) + 1)
    return !this.hit.has(place)
  }

  strike(place: string): void {
    this.hit.set(place, (this.hit.get(place) ?? 0) + 1)
  }

  get seen(): ReadonlySet<string> {
    return new Set(this.occurred.keys())
  }

  get missing(): string[] {
    return [...this.seen].filter((place) => !this.hit.has(place)).sort()
  }
}
