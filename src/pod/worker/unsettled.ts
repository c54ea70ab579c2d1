// Outcomes that are said again and again until they are settled.
import { ANSWER_MS, type LeaseId, leaseKey, packOutcome } from '../../dispatch/index.ts'
import type { StepOutcome } from '../../plan/index.ts'

export interface Said {
  key: string
  id: LeaseId
  /** Of an outcome message. */
  outcome: string
}

export class Unsettled {
  readonly #all = new Map<string, { said: Said; at: number }>()

  get size(): number {
    return this.#all.size
  }

  has(key: string): boolean {
    return this.#all.has(key)
  }

  add(id: LeaseId, outcome: StepOutcome, now: number): void {
    const key = leaseKey(id)
    this.#all.set(key, { said: { key, id, outcome: packOutcome(id, outcome) }, at: now })
  }

  settle(key: string): void {
    this.#all.delete(key)
  }

  /** Not again before that. */
  put(key: string, at: number): void {
    const entry = this.#all.get(key)
    if (entry !== undefined) entry.at = at
  }

  putAll(at: number): void {
    for (const entry of this.#all.values()) entry.at = at
  }

  /** Those that are to be said now; each comes again when it was not answered in time. */
  due(now: number): Said[] {
    const due = [...this.#all.values()].filter(({ at }) => at <= now)
    for (const entry of due) entry.at = now + ANSWER_MS
    return due.map(({ said }) => said)
  }

  nextDue(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#all.values()].map(({ at }) => at))
  }
}
