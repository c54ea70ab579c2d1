// Events of a run: every start has exactly one end or error, with the span around it as its parent (EVT-1…5). What an
// observer throws is logged and dropped; the others still hear of it (OBS-3).
import { asFault, type Fault } from '../base/index.ts'
import type { LifecycleEvent, Observer, Scope } from '../observability/index.ts'
import type { RunIdentity } from '../plan/index.ts'
import type { StepLog } from '../step/index.ts'

export interface Span {
  scope: Scope
  name: string
  id: string
  parentId: string | null
  startedAt: number
}

export class Lifecycle {
  readonly #observers: readonly Observer[]
  readonly #run: RunIdentity
  readonly #now: () => number
  readonly #log: StepLog

  constructor(input: { observers: readonly Observer[]; run: RunIdentity; now: () => number; log: StepLog }) {
    this.#observers = input.observers
    this.#run = input.run
    this.#now = input.now
    this.#log = input.log
  }

  start(about: Omit<Span, 'startedAt'>, meta: Record<string, unknown>): Span {
    const span = { ...about, startedAt: this.#now() }
    this.#emit(span, 'start', { meta })
    return span
  }

  end(span: Span, meta: Record<string, unknown>): void {
    this.#emit(span, 'end', { meta, status: 'success' })
  }

  error(
    span: Span,
    { kind, code, message }: Pick<Fault, 'kind' | 'code' | 'message'>,
    status: 'failure' | 'cancelled',
  ): void {
    this.#emit(span, 'error', { meta: {}, status, error: { kind, code, message } })
  }

  /** Flushes all, also when one of them fails (RUN-17 without its flaw). */
  async flush(): Promise<void> {
    for (const observer of this.#observers) {
      try {
        await observer.flush?.()
      } catch (thrown) {
        this.#log.warn('an observer could not be flushed', { error: asFault(thrown).message })
      }
    }
  }

  #emit(span: Span, kind: LifecycleEvent['kind'], more: Pick<LifecycleEvent, 'meta' | 'status' | 'error'>): void {
    const now = this.#now()
    const { scope, name, id, parentId, startedAt } = span
    const event: LifecycleEvent = {
      scope,
      kind,
      name,
      id,
      parentId,
      ...this.#run,
      at: new Date(now).toISOString(),
      ...(kind === 'start' ? {} : { durationMs: now - startedAt }),
      ...more,
    }
    for (const observer of this.#observers) {
      try {
        observer.onEvent(event)
      } catch (thrown) {
        this.#log.warn('an observer failed', { event: `${scope} ${kind}`, error: asFault(thrown).message })
      }
    }
  }
}
