// Tells the workers of a pool to ask for work again: what they asked an earlier leader, or before the connection was lost,
// nobody holds any more, and they can't know.
import type { Broker } from './broker.ts'
import { encode, MESSAGE_VERSION } from './messages.ts'
import { everyWorkerSubject } from './subjects.ts'

export class CallWorkers {
  readonly #options: { broker: Broker; prefix: string; epoch: number }
  readonly #pools = new Set<string>()

  constructor(options: { broker: Broker; prefix: string; epoch: number }) {
    this.#options = options
  }

  /** The first time that there is work for the pool. @param pool `namespace/name` */
  call(pool: string): void {
    if (this.#pools.has(pool)) return
    this.#pools.add(pool)
    this.#tell(pool)
  }

  /** The connection is there again. */
  again(): void {
    for (const pool of this.#pools) this.#tell(pool)
  }

  #tell(key: string): void {
    const { broker, prefix, epoch } = this.#options
    const [namespace = '', pool = ''] = key.split('/')
    const subject = everyWorkerSubject({ prefix, namespace, pool })
    broker.publish(subject, encode({ version: MESSAGE_VERSION, kind: 'ask', epoch }))
  }
}
