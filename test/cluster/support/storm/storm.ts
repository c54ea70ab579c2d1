// Everything that can die between an operator and its workers, dying: each fault strikes once, and heals.
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { type BrokerProcess, type Link, type Pod, until } from '../../bed/index.ts'
import type { Cluster } from '../cluster.ts'
import type { OperatorProcess } from '../operator-process.ts'

/** Of a step, in ms; the operator's flag says the same. */
export const LEASE_MS = 2_000
const FLAGS = ['--step-lease', `${LEASE_MS}ms`, '--lease-duration', '6s', '--log-level', 'info']

/** Something goes on sooner than that, also on a machine that has no time for an election. */
export const PATIENCE_SECONDS = 300

export interface StormParts {
  cluster: Cluster
  broker: BrokerProcess
  /** The operators' and the workers' ways to the broker. */
  operatorLink: Link
  workerLink: Link
  /** Host folder that workers see at /control. */
  control: string
  random: () => number
  /** There is always something to do: a worker that is waited for in a phase may have had the last step. */
  keepBusy: () => Promise<void>
}

export const WORKER_PHASES = ['read', 'query', 'commit', 'told'] as const

export class Storm implements Disposable {
  readonly faults: Record<string, () => Promise<void>>
  readonly #parts: StormParts
  #operators: OperatorProcess[] = []
  #keeper: NodeJS.Timeout | undefined

  constructor(parts: StormParts) {
    this.#parts = parts
    const { broker, operatorLink, workerLink } = parts
    this.faults = {
      'the broker is killed and comes back': () => this.#brokerGone(this.#upTo(600)),
      'the broker is gone for longer than a lease': () => this.#brokerGone(LEASE_MS * 1.3),
      'the broker freezes': () =>
        this.#during(
          LEASE_MS * 0.7,
          () => broker.freeze(),
          () => broker.thaw(),
        ),
      'the operators are cut off': () =>
        this.#during(
          this.#upTo(LEASE_MS * 1.3),
          () => operatorLink.cut(),
          () => operatorLink.mend(),
        ),
      'the operators are not heard': () =>
        this.#during(
          this.#upTo(LEASE_MS * 1.3),
          () => operatorLink.silence(),
          () => operatorLink.mend(),
        ),
      'the workers are cut off': () =>
        this.#during(
          this.#upTo(LEASE_MS * 1.3),
          () => workerLink.cut(),
          () => workerLink.mend(),
        ),
      'the workers are not heard': () =>
        this.#during(
          LEASE_MS * 1.3,
          () => workerLink.silence(),
          () => workerLink.mend(),
        ),
      'the operator is killed': () => this.#operatorEnds('SIGKILL'),
      'another operator leads': () => this.#operatorEnds('SIGTERM'),
      'an engine is killed': async () => void (await this.#reached('engine')),
      ...Object.fromEntries(
        WORKER_PHASES.map((phase) => [`a worker is killed: ${phase}`, () => this.#workerDies(phase)]),
      ),
    }
  }

  /** A leader and a stand-by, from now on: one that loses its lease to a slow API server ends, and its supervisor starts it again. */
  start(): void {
    this.#keeper ??= setInterval(() => this.#startOperators(), 200)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#keeper)
  }

  #startOperators(): void {
    this.#operators = this.#operators.filter((operator) => operator.ending === undefined)
    while (this.#operators.length < 2) this.#operators.push(this.#startOperator())
  }

  /** The pods of workers and the last words of everybody, for whoever looks why something has come to a stop. */
  async scene(): Promise<string> {
    const { cluster } = this.#parts
    const pods = await cluster.plane.api.list<Pod>('/api/v1/namespaces/default/pods')
    const ofPods = pods.map(({ metadata, status }) => {
      const states = JSON.stringify(
        status?.containerStatuses?.map(({ state, restartCount }) => ({ state, restartCount })),
      )
      return `${metadata.name}: ${status?.phase} ${states}\n${cluster.node.log({ name: metadata.name, namespace: 'default' }).slice(-4000)}`
    })
    const ofOperators = this.#operators.map(
      (operator) => `operator (${operator.ending}):\n${operator.log.slice(-6000)}`,
    )
    return [...ofPods, ...ofOperators].join('\n\n')
  }

  #startOperator(): OperatorProcess {
    const { cluster, operatorLink, workerLink } = this.#parts
    return cluster.startOperator({
      flags: [...FLAGS, '--nats', operatorLink.url, '--nats-for-workers', workerLink.url],
    })
  }

  #upTo(ms: number): number {
    return this.#parts.random() * ms
  }

  async #during(ms: number, begin: () => void, end: () => void): Promise<void> {
    begin()
    await pass(ms)
    end()
  }

  async #brokerGone(ms: number): Promise<void> {
    await this.#parts.broker.kill()
    await pass(ms)
    await this.#parts.broker.start()
  }

  async #operatorEnds(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const leader = this.#operators.find((operator) => operator.isLeading()) ?? this.#operators[0]
    await leader?.stop(signal)
  }

  /** @returns the pod whose worker got there */
  async #reached(phase: string): Promise<string> {
    const { control, keepBusy } = this.#parts
    writeFileSync(join(control, phase), '')
    chmodSync(join(control, phase), 0o666)
    const taken = async () => {
      await keepBusy()
      return readdirSync(control).find((name) => name.startsWith(`${phase}.of.`))
    }
    const found = await until(`a worker reaches the phase ${phase}`, taken, { seconds: PATIENCE_SECONDS })
    rmSync(join(control, found))
    return found.slice(`${phase}.of.`.length)
  }

  async #workerDies(phase: string): Promise<void> {
    const name = await this.#reached(phase)
    this.#parts.cluster.node.kill({ name, namespace: 'default' })
  }
}
