// A DATE as code sees it: a Date at midnight UTC that still knows that it is a day, so that it goes back as a DATE.

const DAY_MS = 86_400_000

export class CalendarDate extends Date {
  /** @param days since 1970-01-01 */
  constructor(days: number) {
    super(days * DAY_MS)
  }

  get days(): number {
    return Math.floor(this.getTime() / DAY_MS)
  }

  /** False once somebody has set a time of day on it. */
  get isDay(): boolean {
    return this.getTime() % DAY_MS === 0
  }

  /** `2013-01-31` */
  override toJSON(): string {
    return this.toISOString().slice(0, -'T00:00:00.000Z'.length)
  }
}
