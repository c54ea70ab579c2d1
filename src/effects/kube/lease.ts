// Leader election on a Lease, with the rules of client-go's:
//
// L1 A lease is taken only when it is free, or when its holder was seen unchanged for a whole lease duration by *our* clock.
// L2 Whoever can't renew within `renewDeadlineMs` stops leading before anybody else can begin: renewDeadline < leaseDuration.
// L3 Every write carries the resourceVersion that was read, so two candidates can't both win.
import { asFault, type Fault } from '../../base/index.ts'
import { isStatus } from './api-fault.ts'
import type { KubeApi } from './client.ts'
import { pause } from './reflector.ts'
import type { KubeObject } from './resource.ts'

export interface LeaseOptions {
  client: KubeApi
  namespace: string
  name: string
  /** Unique per process. */
  identity: string
  leaseDurationMs?: number
  renewDeadlineMs?: number
  retryMs?: number
  /** Wall clock in ms (for the times written) and a monotonic one (for decisions). */
  now: () => number
  monotonic: () => number
  random: () => number
  onTrouble?: (fault: Fault) => void
}

interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

/** Waits until this process leads. Then: `lost` is aborted when it does no more; `release` gives the lease up at once. */
export interface Leadership {
  lost: AbortSignal
  release(): Promise<void>
}

export class LeaseCandidate {
  readonly #options: Required<Omit<LeaseOptions, 'onTrouble'>> & Pick<LeaseOptions, 'onTrouble'>
  #seen: { text: string; at: number } | undefined
  #held: Lease | undefined

  constructor(options: LeaseOptions) {
    this.#options = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, ...options }
  }

  /** Resolves with the leadership, or with undefined when the signal is aborted first. */
  async lead(signal: AbortSignal): Promise<Leadership | undefined> {
    while (!signal.aborted) {
      if (await this.#attempt()) return this.#startRenewing(signal)
      await pause(this.#options.retryMs * (0.8 + this.#options.random() * 0.4), signal)
    }
    return undefined
  }

  #startRenewing(signal: AbortSignal): Leadership {
    const lost = new AbortController()
    const stop = new AbortController()
    const renewing = this.#renew(AbortSignal.any([signal, stop.signal])).then(() => lost.abort())
    return {
      lost: lost.signal,
      release: async () => {
        stop.abort()
        await renewing
        await this.#giveUp()
      },
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { renewDeadlineMs, retryMs, monotonic } = this.#options
    let renewed = monotonic()
    while (!signal.aborted) {
      await pause(retryMs, signal)
      if (signal.aborted) return
      if (await this.#attempt()) renewed = monotonic()
      else if (this.#held === undefined || monotonic() - renewed > renewDeadlineMs) return
    }
  }

  /** One try to take or renew. False: held by another, or the server could not be asked. */
  async #attempt(): Promise<boolean> {
    const { client, namespace, name, retryMs } = this.#options
    const place = { resource: 'Lease', namespace, name } as const
    try {
      const stored = await withDeadline(client.get<Lease>(place), retryMs * 2)
      if (stored === undefined) {
        this.#held = await client.create<Lease>('Lease', this.#written({ metadata: { name, namespace } }))
        return true
      }
      if (!this.#mayTake(stored)) {
        this.#held = undefined
        return false
      }
      this.#held = await client.replace<Lease>(place, this.#written(stored))
      return true
    } catch (thrown) {
      if (isStatus(thrown, 409)) this.#held = undefined
      else this.#options.onTrouble?.(asFault(thrown))
      return false
    }
  }

  #mayTake(stored: Lease): boolean {
    const { identity, monotonic, leaseDurationMs } = this.#options
    const holder = stored.spec?.holderIdentity ?? ''
    if (holder === '' || holder === identity) return true
    const text = `${holder} ${stored.spec?.renewTime} ${stored.metadata.resourceVersion}`
    if (this.#seen?.text !== text) this.#seen = { text, at: monotonic() }
    const duration = Math.max(leaseDurationMs, (stored.spec?.leaseDurationSeconds ?? 0) * 1000)
    return monotonic() - this.#seen.at > duration
  }

  #written(stored: Lease): Lease {
    const { identity, leaseDurationMs, now } = this.#options
    const time = new Date(now()).toISOString().replace('Z', '000Z')
    const mine = stored.spec?.holderIdentity === identity
    return {
      ...stored,
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
        acquireTime: mine ? (stored.spec?.acquireTime ?? time) : time,
        renewTime: time,
        leaseTransitions: (stored.spec?.leaseTransitions ?? 0) + (mine || stored.spec === undefined ? 0 : 1),
      },
    }
  }

  async #giveUp(): Promise<void> {
    const { client, namespace, name } = this.#options
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    try {
      await client.replace<Lease>(
        { resource: 'Lease', namespace, name },
        { ...held, spec: { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1 } },
      )
    } catch (thrown) {
      // Somebody else has it, or it runs out by itself.
      this.#options.onTrouble?.(asFault(thrown))
    }
  }
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
