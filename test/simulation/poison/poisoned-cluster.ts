// A model cluster in which poisoned objects lie beside a sound run, looked after by one operator. Every write of the operator
// is checked: it may only concern the run that it is looking at.
import type { KubeApi, KubeObject, ObjectPlace, ResourceName } from '../../../src/effects/index.ts'
import { LABELS } from '../../../src/reconcile/index.ts'
import { ModelApiServer, type ModelObject } from '../model/api-server.ts'
import { ModelCluster } from '../model/cluster.ts'
import { Replica } from '../replica.ts'
import { PIPELINES } from '../scenario.ts'
import { EPOCH, madeObject, STORAGE, type Stored } from './history.ts'
import { statusProblem } from './lawful.ts'

const NEIGHBOUR = 'sim/neighbour'
const NEIGHBOUR_UID = 'uid-of-neighbour'

/** Faults that pass by themselves: another look is taken. */
const PASSING: readonly unknown[] = ['conflict', 'transient']

export class PoisonedCluster {
  readonly violations: string[] = []
  #now = EPOCH + 600_000
  #lookingAt = ''
  readonly #api = new ModelApiServer(() => this.#now)
  readonly #cluster: ModelCluster
  readonly #replica: Replica

  constructor(poison: Stored[]) {
    for (const [resource, object] of poison) this.#api.put(resource, object)
    for (const [resource, name, spec] of [
      ['ETLStorage', 'default', STORAGE],
      ['ETLPipeline', 'main', PIPELINES.one],
      ['ETLRun', 'neighbour', { pipelineRef: { name: 'main' } }],
    ] as const)
      this.#api.put(
        resource,
        madeObject({ namespace: 'sim', name, uid: name === 'neighbour' ? NEIGHBOUR_UID : `uid-of-${name}`, spec }),
      )
    const ownUids = () => new Set([NEIGHBOUR_UID, ...this.#api.all('Job').filter(isNeighbours).map(uidOf)])
    this.#cluster = new ModelCluster({
      api: this.#api,
      now: () => this.#now,
      behaviour: () => 'succeed',
      concerns: (object) => isOwnedByAny(object, ownUids()),
    })
    let ids = 0
    this.#replica = new Replica({
      api: this.#api,
      now: () => this.#now,
      crashHere: () => false,
      nextId: () => `id${++ids}`,
      bug: (api) => this.#watched(api),
    })
  }

  /** Looks at every run until nothing is left to do, or for long enough. @returns what does not hold */
  async play(): Promise<string[]> {
    for (let i = 0; i < 400; i++) {
      for (const resource of this.#replica.behind()) this.#replica.deliver(resource, false)
      const key = this.#next()
      if (key !== undefined) await this.#look(key)
      else if (!this.#play()) break
    }
    this.#checkEnd()
    return this.violations
  }

  /** Poisoned runs are looked at a few times each; what then goes on, may. */
  readonly #looks = new Map<string, number>()

  #next(): string | undefined {
    const { queue, later } = this.#replica
    const due = [...later].filter(([, at]) => at <= this.#now).map(([key]) => key)
    return [...queue, ...due].find((key) => key === NEIGHBOUR || (this.#looks.get(key) ?? 0) < 3)
  }

  async #look(key: string): Promise<void> {
    this.#lookingAt = key
    this.#looks.set(key, (this.#looks.get(key) ?? 0) + 1)
    const thrown = await this.#replica.look(key)
    const kind = (thrown as { kind?: unknown } | undefined)?.kind
    if (thrown !== undefined && !PASSING.includes(kind))
      this.violations.push(`a look at ${key} fails: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
  }

  #play(): boolean {
    const move = this.#cluster.moves().find(({ fault }) => fault !== true)
    if (move === undefined) return false
    this.#now += 10
    move.play()
    return true
  }

  #checkEnd(): void {
    for (const run of this.#api.all('ETLRun')) {
      const { name, namespace } = run.metadata
      const status = run.status ?? {}
      if (name === 'neighbour' && status['phase'] !== 'Succeeded')
        this.violations.push(`the neighbour is ${status['phase']}: ${status['reason']}: ${status['message']}`)
      if (!this.#written.has(`${namespace}/${name}`)) continue
      const told = statusProblem(status)
      if (told !== undefined) this.violations.push(`status of ${namespace}/${name}: ${told}`)
    }
  }

  readonly #written = new Set<string>()

  #watched(api: KubeApi): KubeApi {
    return {
      ...api,
      create: (resource, object) => {
        if (resource !== 'Event') this.#mustConcern(resource, object as KubeObject, 'create')
        return api.create(resource, object)
      },
      mergePatch: (place, patch) => {
        this.#mustBeLookedAt(place)
        if (place.subresource === 'status') this.#written.add(`${place.namespace}/${place.name}`)
        return api.mergePatch(place, patch)
      },
      delete: async (place, options) => {
        if (place.resource === 'ETLRun') this.#mustBeLookedAt(place)
        else {
          const found = await api.get(place)
          if (found !== undefined) this.#mustConcern(place.resource, found, 'delete')
        }
        return await api.delete(place, options)
      },
    }
  }

  #mustBeLookedAt({ resource, namespace, name }: ObjectPlace): void {
    if (resource !== 'ETLRun' || `${namespace}/${name}` !== this.#lookingAt)
      this.violations.push(`looking at ${this.#lookingAt}, ${resource} ${namespace}/${name} is changed`)
  }

  #mustConcern(resource: ResourceName, { metadata }: KubeObject, what: string): void {
    const uid = this.#api.all('ETLRun').find((run) => keyOf(run) === this.#lookingAt)?.metadata.uid
    const owners = metadata.ownerReferences ?? []
    const isCleanUp = metadata.labels?.[LABELS.component] === 'clean-up'
    if (!(isCleanUp || owners.some((owner) => owner.uid === uid)))
      this.violations.push(`looking at ${this.#lookingAt}, ${what} ${resource} ${metadata.name} of somebody else`)
  }
}

const keyOf = ({ metadata }: ModelObject) => `${metadata.namespace}/${metadata.name}`
const uidOf = ({ metadata }: ModelObject) => metadata.uid ?? ''
const ownersOf = ({ metadata }: ModelObject): unknown[] =>
  Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : []
const isOwnedByAny = (object: ModelObject, uids: ReadonlySet<string>): boolean =>
  ownersOf(object).some((owner) => {
    const uid = (owner as { uid?: unknown } | null)?.uid
    return typeof uid === 'string' && uids.has(uid)
  })
const isNeighbours = (object: ModelObject): boolean => isOwnedByAny(object, new Set([NEIGHBOUR_UID]))
