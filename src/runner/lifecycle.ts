// Events of a run: every start has exactly one end or error, with the span around it as its parent (EVT-1…5). What an
// observer throws is logged and dropped; the others still hear of it (OBS-3).
import { asFault } from '../base/index.ts'
import type { LifecycleEvent, Observer, Scope } from '../observability/index.ts'
import type { OutcomeError, RunIdentity } from '../plan/index.ts'
import type { StepLog } from '../step/index.ts'

export interface Span {
  scope: Scope
  name: string
  id: string
  parentId: string | null
  startedAt: number
}

export interface LifecycleInput {
  observers: readonly Observer[]
  run: RunIdentity
  now: () => number
  log: StepLog
}

export class Lifecycle {
  readonly #input: LifecycleInput

  constructor(input: LifecycleInput) {
    this.#input = input
  }

  start(about: Omit<Span, 'startedAt'>, meta: Record<string, unknown>): Span {
    const span = { ...about, startedAt: this.#input.now() }
    this.#emit(span, 'start', { meta })
    return span
  }

  end(span: Span, meta: Record<string, unknown>): void {
    this.#emit(span, 'end', { meta, status: 'success' })
  }

  error(
    span: Span,
    { kind, code, message }: OutcomeError,
    { status, meta }: { status: 'failure' | 'cancelled'; meta: Record<string, unknown> },
  ): void {
    this.#emit(span, 'error', { meta, status, error: { kind, code, message } })
  }

  #emit(span: Span, kind: LifecycleEvent['kind'], more: Pick<LifecycleEvent, 'meta' | 'status' | 'error'>): void {
    const { observers, run, log } = this.#input
    const now = this.#input.now()
    const { scope, name, id, parentId, startedAt } = span
    const event: LifecycleEvent = {
      scope,
      kind,
      name,
      id,
      parentId,
      runId: run.runId,
      correlationId: run.correlationId,
      attempt: run.attempt,
      lastAttempt: run.lastAttempt,
      at: new Date(now).toISOString(),
      ...(kind === 'start' ? {} : { durationMs: now - startedAt }),
      ...more,
    }
    const drop = (thrown: unknown) =>
      log.warn('an observer failed', { event: `${scope} ${kind}`, error: asFault(thrown).message })
    for (const observer of observers) {
      try {
        const returned: unknown = observer.onEvent(event)
        if (returned instanceof Promise) returned.catch(drop) // an async function is accepted where void is expected
      } catch (thrown) {
        drop(thrown)
      }
    }
  }
}

/** Flushes all in order, also when one of them fails (RUN-17 without its flaw). Never rejects. */
export async function flushObservers(observers: readonly Observer[], log: StepLog): Promise<void> {
  for (const observer of observers) {
    try {
      await observer.flush?.()
    } catch (thrown) {
      log.warn('an observer could not be flushed', { error: asFault(thrown).message })
    }
  }
}
