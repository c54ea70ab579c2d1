// All that a schedule of the dispatch plays with: API server and cluster, broker, operators, workers, tables, users.
import { DISPATCH_LIMITS } from '../../../src/dispatch/index.ts'
import type { RunStatus } from '../../../src/manifest/index.ts'
import type { Coverage } from '../coverage.ts'
import { ModelApiServer, type ModelObject } from '../model/api-server.ts'
import { ModelCluster } from '../model/cluster.ts'
import { seeded } from '../scenario.ts'
import { ModelBroker } from './model-broker.ts'
import { ModelWorker, type WorkerBugs } from './model-worker.ts'
import { Operator, type OperatorBugs } from './operator.ts'
import { type DispatchScenario, PIPELINES_HERE, scenarioOf, type Wish } from './scenario.ts'
import { Watcher } from './watcher.ts'

export type Bug = OperatorBugs & WorkerBugs

export const NAMESPACE = 'sim'
export const BEGIN = Date.parse('2026-01-01T00:00:00Z')
export const STORMY_MOVES = 120

export class World {
  now = BEGIN
  readonly scenario: DispatchScenario
  readonly moves: string[] = []
  readonly api = new ModelApiServer(() => this.now)
  readonly cluster: ModelCluster
  readonly broker: ModelBroker
  readonly watcher: Watcher
  readonly bug: Bug
  readonly coverage: Coverage
  readonly random: () => number
  operators: Operator[] = []
  workers: ModelWorker[] = []
  /** Played in the middle of a look: messages arrive while the API server is waited for. */
  meanwhile: () => void = () => {}
  isInLook = false
  #names = 0
  #term = 0

  constructor(seed: number, coverage: Coverage, bug: Bug) {
    const random = seeded(seed)
    this.random = random
    this.coverage = coverage
    this.bug = bug
    this.scenario = scenarioOf(random)
    this.watcher = new Watcher(this)
    this.cluster = new ModelCluster({ api: this.api, now: () => this.now, behaviour: this.scenario.engineEnd })
    this.broker = new ModelBroker({
      now: () => this.now,
      onSend: (flight) => {
        this.watcher.sent(flight)
      },
    })
    // who is never deposed shows only beside another one
    const operators = bug.neverDeposed === true ? 2 : this.scenario.operators
    for (let i = 0; i < operators; i++) this.addOperator()
    for (let i = 0; i < this.scenario.workers; i++) this.addWorker()
  }

  get isStormy(): boolean {
    return this.moves.length < STORMY_MOVES
  }

  get leader(): Operator | undefined {
    return this.operators.find((operator) => operator.isLeading && !operator.replica.dead)
  }

  get runs(): ModelObject[] {
    return this.api.all('ETLRun')
  }

  get runKeys(): string[] {
    return this.runs.map(({ metadata }) => `${NAMESPACE}/${metadata.name}`)
  }

  addOperator(): void {
    const { random } = this
    let ids = 0
    const name = `operator ${++this.#names}`
    this.operators.push(
      new Operator({
        name,
        api: this.api,
        broker: this.broker,
        now: () => this.now,
        clockApartMs: this.scenario.clocksApartMs(),
        nameTerm: (begin) => this.#nameTerm(begin),
        bugs: this.bug,
        nextId: () => `${Math.floor(random() * 2 ** 40).toString(16)}${(++ids).toString(16)}`,
        crashHere: (write, when) => {
          if (!this.isStormy) return false
          this.isInLook = true
          this.meanwhile()
          this.isInLook = false
          return this.coverage.crashHere(`operator at ${this.stateOfRuns}`, write, when, random)
        },
      }),
    )
  }

  /** Later ones are higher, as the Lease of an election has it; but somebody may have deleted that. */
  #nameTerm(begin: number): number {
    const isLost = this.scenario.losesTerms || this.bug.losesTerms === true
    this.#term = isLost ? begin : Math.max(begin, this.#term + 1)
    return this.#term
  }

  addWorker(): void {
    const name = `w${++this.#names}`
    this.workers.push(
      new ModelWorker({
        name,
        address: { prefix: 'loom', namespace: NAMESPACE, pool: 'warm' },
        broker: this.broker.join(name),
        now: () => this.now,
        clockApartMs: this.scenario.clocksApartMs(),
        random: this.random,
        holdMs: DISPATCH_LIMITS.holdMs,
        leaseMs: DISPATCH_LIMITS.leaseMs,
        engineEnd: this.scenario.engineEnd,
        tables: this.watcher,
        bugs: this.bug,
        warn: (message) => this.watcher.violated(`${name} warns: ${message}`),
      }),
    )
  }

  /** What dies is started anew, under another name and with empty hands. */
  revive(): void {
    for (const { name, replica } of this.operators) if (replica.dead) this.broker.parties.delete(name)
    const dead = this.operators.filter(({ replica }) => replica.dead).length
    this.operators = this.operators.filter(({ replica }) => !replica.dead)
    for (let i = 0; i < dead; i++) this.addOperator()
    const gone = this.workers.filter(({ isDead }) => isDead).length
    this.workers = this.workers.filter(({ isDead }) => !isDead)
    for (let i = 0; i < gone; i++) this.addWorker()
  }

  async populate(): Promise<void> {
    const make = (resource: 'ETLStorage' | 'ETLPipeline' | 'ETLWorkerPool' | 'ETLRun', name: string, spec: object) =>
      this.api.create(resource, { metadata: { name, namespace: NAMESPACE }, spec } as never)
    await make('ETLStorage', 'default', { defaults: { tablePath: { uri: '/lake' } }, temp: { root: '/temp' } })
    await make('ETLPipeline', 'main', PIPELINES_HERE[this.scenario.pipeline])
    await make('ETLWorkerPool', 'warm', { replicas: { max: 3 } })
    for (const [i, run] of this.scenario.runs.entries()) await make('ETLRun', `run-${i}`, run)
  }

  grant(what: Wish | 'resume' | 'resumePool', run = 0): void {
    const place = { resource: 'ETLRun', namespace: NAMESPACE, name: `run-${run}` } as const
    const pool = { resource: 'ETLWorkerPool', namespace: NAMESPACE, name: 'warm' } as const
    const patch = (at: typeof place | typeof pool, spec: object) =>
      void this.api.mergePatch(at, { spec }).catch(() => undefined)
    this.moves.push(`somebody wishes: ${what} ${run}`)
    if (what === 'suspend') patch(place, { suspend: true })
    if (what === 'resume') patch(place, { suspend: false })
    if (what === 'cancel') patch(place, { cancel: true })
    if (what === 'delete') void this.api.delete(place)
    if (what === 'pausePool') patch(pool, { paused: true })
    if (what === 'resumePool') patch(pool, { paused: false })
    if (what === 'deletePool') void this.api.delete(pool)
    if (what === 'drain') this.workers[0]?.drain()
  }

  get stateOfRuns(): string {
    const states = this.runs.map(({ status, metadata }) => {
      const { phase = 'new', reason = '' } = (status ?? {}) as RunStatus
      return `${phase}/${reason}${metadata.deletionTimestamp === undefined ? '' : ' deleted'}`
    })
    return states[0] ?? 'none'
  }
}
