// Which leader counts: the latest that was heard of. The clocks of two leaders may be apart, so that a later one has a lower
// epoch; hence one that is silent for the time of a lease is forgotten: nothing that it gave can be alive.
import { DISPATCH_LIMITS } from '../../dispatch/index.ts'

export class LeaderEpoch {
  /** 0: none. */
  latest = 0
  #leaseMs = DISPATCH_LIMITS.leaseMs
  #heard = false
  #heardAt = 0

  /** It was deposed. */
  isOver(epoch: number): boolean {
    return epoch < this.latest
  }

  /** @param leaseMs of the leases that it gives, as far as it has told */
  learn(epoch: number, leaseMs = this.#leaseMs): void {
    this.#leaseMs = leaseMs
    this.latest = Math.max(this.latest, epoch)
    this.#heard = true
  }

  /** Time has passed since it was heard, if it was. */
  pass(now: number): void {
    if (this.#heard) this.#heardAt = now
    else if (now >= this.#heardAt + this.#leaseMs) this.latest = 0
    this.#heard = false
  }
}
