// Leader election on a Lease, with the rules of client-go's:
//
// L1 A lease is taken only when it is free, or when its holder was seen unchanged for a whole lease duration by *our* clock.
// L2 Whoever leads stops `renewDeadlineMs` after the last renewal was *sent*, whatever the server does or does not answer,
//    and so before anybody else can begin: renewDeadline < leaseDuration.
// L3 Every write carries the resourceVersion that was read, so two candidates can't both win, and a write that arrives long
//    after it was given up changes nothing that matters.
// L4 Terms are numbered by when they began, and each later one higher, whatever the clocks of the two say: the Lease tells when
//    the one before began.
import { asFault, type Fault } from '../../base/index.ts'
import { ApiFault, isStatus } from './api-fault.ts'
import type { KubeApi } from './client.ts'
import { pause } from './pause.ts'
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
  /** When this term began, in ms; later than those of all earlier holders of the Lease (L4). */
  term: number
  /** By the clock, now: a process that was stopped and goes on learns of `lost` a moment later. */
  leads(): boolean
  release(): Promise<void>
}

/** What an attempt may take, and what ends it. */
interface Bounds {
  ms: number
  signal: AbortSignal
}

export class LeaseCandidate {
  readonly #options: Required<Omit<LeaseOptions, 'onTrouble'>> & Pick<LeaseOptions, 'onTrouble'>
  #seen: { text: string; at: number } | undefined
  #held: Lease | undefined
  /** On our monotonic clock. */
  #leadsUntil = Number.NEGATIVE_INFINITY

  constructor(options: LeaseOptions) {
    this.#options = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, ...options }
  }

  /** Resolves with the leadership, or with undefined when the signal is aborted first. */
  async lead(signal: AbortSignal): Promise<Leadership | undefined> {
    const { renewDeadlineMs, retryMs, monotonic, random } = this.#options
    while (!signal.aborted) {
      const sent = await this.#attempt({ ms: renewDeadlineMs, signal })
      if (sent !== undefined && monotonic() - sent < renewDeadlineMs) return this.#startRenewing(sent, signal)
      await pause(retryMs * (0.8 + random() * 0.4), signal)
    }
    return undefined
  }

  #startRenewing(sent: number, signal: AbortSignal): Leadership {
    this.#leadsUntil = sent + this.#options.renewDeadlineMs
    const lost = new AbortController()
    const stop = new AbortController()
    const renewing = this.#renew(AbortSignal.any([signal, stop.signal])).then(() => lost.abort())
    return {
      lost: lost.signal,
      term: beganAt(this.#held),
      leads: () => !lost.signal.aborted && this.#options.monotonic() < this.#leadsUntil,
      release: async () => {
        stop.abort()
        await renewing
        await this.#giveUp()
      },
    }
  }

  /** Resolves when this process leads no more. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { renewDeadlineMs, retryMs, monotonic } = this.#options
    for (;;) {
      await pause(Math.max(0, Math.min(retryMs, this.#leadsUntil - monotonic())), signal)
      const ms = this.#leadsUntil - monotonic()
      if (signal.aborted || ms <= 0) return
      const renewed = await this.#attempt({ ms, signal })
      if (renewed !== undefined) this.#leadsUntil = renewed + renewDeadlineMs
      else if (this.#held === undefined) return
    }
  }

  /**
   * One try to take or renew. @returns the monotonic time at which the write that did it was sent; undefined: held by
   * another (then nothing is held), or the server could not be asked in time
   */
  async #attempt({ ms, signal }: Bounds): Promise<number | undefined> {
    const { monotonic, onTrouble } = this.#options
    const end = monotonic() + ms
    try {
      return await this.#takeOrRenew({ end, signal })
    } catch (thrown) {
      if (signal.aborted) return undefined
      // Somebody wrote in between, an earlier attempt of our own perhaps: who holds it now is to be read, not guessed.
      if (isStatus(thrown, 409)) return await this.#takeOrRenew({ end, signal }).catch(() => undefined)
      onTrouble?.(asFault(thrown))
      return undefined
    }
  }

  async #takeOrRenew({ end, signal }: { end: number; signal: AbortSignal }): Promise<number | undefined> {
    const { client, namespace, name, monotonic } = this.#options
    const place = { resource: 'Lease', namespace, name } as const
    const inTime = <T>(work: Promise<T>) => within(work, { ms: end - monotonic(), signal })
    const stored = await inTime(client.get<Lease>(place))
    if (stored !== undefined && !this.#mayTake(stored)) {
      this.#held = undefined
      return undefined
    }
    const sent = monotonic()
    this.#held = await inTime(
      stored === undefined
        ? client.create<Lease>('Lease', this.#written({ metadata: { name, namespace } }))
        : client.replace<Lease>(place, this.#written(stored)),
    )
    return sent
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
    const mine = stored.spec?.holderIdentity === identity
    const begin = (mine ? beganAt(stored) : 0) || Math.max(now(), beganAt(stored) + 1)
    return {
      ...stored,
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
        acquireTime: microTime(begin),
        renewTime: microTime(now()),
        leaseTransitions: (stored.spec?.leaseTransitions ?? 0) + (mine || stored.spec === undefined ? 0 : 1),
      },
    }
  }

  /** Best effort, and soon: nobody stops later because the server is slow. */
  async #giveUp(): Promise<void> {
    const { client, namespace, name, retryMs, onTrouble } = this.#options
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    const free = { ...held, spec: { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1 } }
    const bounds = { ms: Math.min(retryMs, 1_500), signal: new AbortController().signal }
    try {
      await within(client.replace<Lease>({ resource: 'Lease', namespace, name }, free), bounds)
    } catch (thrown) {
      // Somebody else has it, or it runs out by itself.
      onTrouble?.(asFault(thrown))
    }
  }
}

const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')

/** 0: nobody has held it. */
const beganAt = (lease: Lease | undefined): number => {
  const ms = Date.parse(lease?.spec?.acquireTime ?? '')
  return Number.isNaN(ms) ? 0 : ms
}

/** Waits no longer; the request itself goes on, and L3 makes it harmless. */
async function within<T>(work: Promise<T>, { ms, signal }: Bounds): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  const late = () =>
    reject(new ApiFault({ status: 0, code: 'LeaseNotAnswered', message: `cannot renew the lease: no answer in time` }))
  const timer = setTimeout(late, Math.max(0, ms))
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
