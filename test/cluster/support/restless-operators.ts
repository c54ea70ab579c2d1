// A leader and a stand-by, as a Deployment with two replicas keeps them, of which one is killed with -9 at moments that
// chance chooses. The moments come from a seed, so that a bad one can be tried again.
import { setTimeout as pass } from 'node:timers/promises'
import { until } from '../bed/index.ts'
import type { Cluster } from './cluster.ts'
import type { OperatorProcess } from './operator-process.ts'
import { seeded } from './seeded.ts'

/** A dead leader's successor waits so long. */
const LEASE_SECONDS = 1
/** Nobody replaces the last one: it must not lose its lease on a busy machine. */
const LAST_LEASE_SECONDS = 6
const LONGEST_LIFE_MS = 2_500
const LONGEST_LEAD_MS = 1_000
/** So many of ten kills meet a leader; the others may come at any time. */
const LEADERS = 7

export class RestlessOperators {
  readonly #cluster: Cluster
  readonly #random: () => number
  /** The oldest first. */
  #running: OperatorProcess[] = []

  constructor(cluster: Cluster, seed: number) {
    this.#cluster = cluster
    this.#random = seeded(seed)
    this.#fill()
  }

  /** Lets some time pass, kills the leader or the older one, and starts another. @returns what the killed one was at */
  async killOne(): Promise<string> {
    this.#fill()
    const meetsLeader = this.#random() * 10 < LEADERS
    const victim = meetsLeader ? await this.#leader() : this.#running[0]
    if (victim === undefined) return 'not there'
    await pass(this.#random() * (meetsLeader ? LONGEST_LEAD_MS : LONGEST_LIFE_MS))
    const phase = phaseOf(victim)
    const ending = await victim.stop('SIGKILL')
    this.#fill()
    return ending === 'SIGKILL' ? phase : `ended by itself (${ending})`
  }

  async #leader(): Promise<OperatorProcess> {
    return await until('one of the operators leads', () => {
      this.#fill()
      return this.#running.find((operator) => operator.isLeading())
    })
  }

  /** One that has lost its lease, on a machine that is too busy, ends by itself and is replaced like one that was killed. */
  #fill(): void {
    this.#running = this.#running.filter((operator) => operator.ending === undefined)
    while (this.#running.length < 2) {
      const flags = ['--lease-duration', `${LEASE_SECONDS}s`]
      this.#running.push(this.#cluster.startOperator({ flags }))
    }
  }

  /** Ends them all, and leaves one that is in no hurry. */
  async settle(): Promise<OperatorProcess> {
    await Promise.all(this.#running.map((operator) => operator.stop('SIGKILL')))
    this.#running = []
    return this.#cluster.startOperator({ flags: ['--lease-duration', `${LAST_LEASE_SECONDS}s`] })
  }
}

function phaseOf(operator: OperatorProcess): string {
  const said = operator.lines().map(({ msg }) => msg)
  if (said.includes('leading')) return `leading, ${said.length} lines told`
  return said.includes('listening') ? 'filling its caches, or waiting for the lease' : 'booting'
}
