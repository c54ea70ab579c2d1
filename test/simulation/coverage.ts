// Where crashes have been played: every (state of the run × write × before or after) that occurs must be hit.

export class Coverage {
  readonly seen = new Set<string>()
  readonly hit = new Map<string, number>()

  /** Places that were not hit yet are hit as soon as they occur; others now and then. */
  crashHere(state: string, write: string, when: 'before' | 'after', random: () => number): boolean {
    const place = `${state} × ${write} × ${when}`
    this.seen.add(place)
    const chance = this.hit.has(place) ? 0.04 : 1
    if (random() >= chance) return false
    this.hit.set(place, (this.hit.get(place) ?? 0) + 1)
    return true
  }

  get missing(): string[] {
    return [...this.seen].filter((place) => !this.hit.has(place)).sort()
  }
}
