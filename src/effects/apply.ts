// Does what was decided: actions in order, then the status once, if it differs, then the events. Each step may be the last
// one before a crash; the next look finds what is missing.
import { asFault, Fault, isSameJson } from '../base/index.ts'
import type { Leases } from '../dispatch/index.ts'
import { stepsOf } from '../plan/index.ts'
import {
  type Action,
  cleanUpJob,
  type Decision,
  FINALIZER,
  isOwnedBy,
  type LeaseWishes,
  type Observed,
  planConfigMap,
  type RenderDefaults,
  type RunEvent,
  type RunObject,
  type StoredPlan,
  stepJob,
} from '../reconcile/index.ts'
import type { Caches } from './caches.ts'
import type { AnyObject } from './kept.ts'
import { isStatus, type KubeApi, type KubeObject, type NewObject, type ResourceName } from './kube/index.ts'
import { leaseAgreement } from './lease-agreement.ts'
import { eventObject } from './run-event.ts'

export interface ApplierOptions {
  caches: Caches
  client: KubeApi
  defaults: RenderDefaults
  /** Name of this process in events. */
  instance: string
  now: () => number
  newId: () => string
  /** Is told what pools are to do; absent or undefined: there is no broker. */
  leases?: () => Leases | undefined
  /** An event that could not be written: nothing depends on it. */
  onLostEvent: (fault: Fault) => void
}

export interface ToApply {
  observed: Observed
  decision: Decision
  storedStatus: unknown
  /** The plan for rendering: compiled now, or stored before. */
  stored: StoredPlan | undefined
}

export class Applier {
  readonly #options: ApplierOptions

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  /** @throws Fault; the key is then looked at again, later each time */
  async apply({ observed, decision, storedStatus, stored }: ToApply): Promise<void> {
    const run = { ...observed.run, status: decision.status }
    let version = observed.run.metadata.resourceVersion
    if (decision.actions.length > 0) await this.#checkFresh(observed.run)
    for (const action of decision.actions) version = (await this.#act(action, { run, stored, version })) ?? version
    const writes = !isSameJson(storedStatus ?? {}, decision.status)
    if (writes) await this.#writeStatus(run, storedStatus, version)
    if (decision.leases !== undefined) {
      // a new leader's cache may be old, and where nothing is written nobody tells it so
      const isNew = this.#options.leases?.()?.knows(run.metadata.uid) === false
      if (isNew && !writes && !decision.leases.final) await this.#checkFresh(observed.run)
      this.#agree(run, decision.leases, stored)
    }
    for (const event of decision.events) await this.#emit(run, event)
  }

  /** There is no such run, or no such run any more. */
  forget(key: string): void {
    this.#options.leases?.()?.gone(key)
  }

  /** After how many ms the dispatch has something new to tell of the run, if it has. */
  leaseNewsAfterMs({ metadata }: RunObject): number | undefined {
    return this.#options.leases?.()?.newsAfterMs(metadata.uid)
  }

  /** Only now, with the status written: what a worker is given must be known to whoever leads next. */
  #agree(run: RunObject, wishes: LeaseWishes, stored: StoredPlan | undefined): void {
    const leases = this.#options.leases?.()
    if (leases === undefined) return
    const { namespace, name, uid } = run.metadata
    leases.gone(`${namespace}/${name}`, uid)
    leases.agree(...leaseAgreement(run, wishes, stored))
  }

  /**
   * What was decided on an old state of the run must not be done: a Job of a try that is over would come back to life.
   * @throws Fault conflict StaleRun
   */
  async #checkFresh({ metadata }: RunObject): Promise<void> {
    const { namespace, name, uid, resourceVersion } = metadata
    const live = await this.#options.client.get<AnyObject>({ resource: 'ETLRun', namespace, name })
    if (live?.metadata.uid === uid && live.metadata.resourceVersion === resourceVersion) return
    if (live?.metadata.uid === uid) this.#options.caches.runs.assume(live)
    throw new Fault({
      kind: 'conflict',
      code: 'StaleRun',
      message: `cannot act for ETLRun "${name}": it has changed since it was looked at`,
    })
  }

  /** @returns the run's new resourceVersion when the action changed the run itself */
  async #act(
    action: Action,
    { run, stored, version }: { run: RunObject; stored: StoredPlan | undefined; version: string },
  ): Promise<string | undefined> {
    const { client, caches, defaults } = this.#options
    const { namespace, name, uid } = run.metadata
    switch (action.kind) {
      case 'createPlan':
        await this.#create('ConfigMap', planConfigMap(run.metadata, needed(stored, run)), uid)
        return undefined
      case 'createJob': {
        const plan = needed(stored, run)
        const step = stepsOf(plan.plan).find(
          (candidate) => candidate.process === action.of.process && candidate.name === action.of.step,
        )
        if (step === undefined)
          throw new Fault({
            kind: 'defect',
            code: 'Defect',
            message: `cannot start step "${action.of.step}": the plan has none of that name`,
          })
        await this.#create('Job', stepJob({ run, stored: plan, step, id: action.of, defaults }), uid)
        return undefined
      }
      case 'createCleanUp':
        await this.#create('Job', cleanUpJob(run, needed(stored, run), { scope: action.scope, defaults }), undefined)
        return undefined
      case 'deleteJob':
        await client.delete({ resource: 'Job', namespace, name: action.name }, { uid: action.uid })
        return undefined
      case 'deleteRun':
        await client.delete({ resource: 'ETLRun', namespace, name }, { uid })
        return undefined
      case 'addFinalizer':
      case 'removeFinalizer': {
        const others = run.metadata.finalizers.filter((finalizer) => finalizer !== FINALIZER)
        const finalizers = action.kind === 'addFinalizer' ? [...others, FINALIZER] : others
        const place = { resource: 'ETLRun', namespace, name } as const
        const written = await client.mergePatch<AnyObject>(place, {
          metadata: { uid, resourceVersion: version, finalizers },
        })
        if (written.metadata.deletionTimestamp === undefined) caches.runs.assume(written)
        return written.metadata.resourceVersion
      }
    }
  }

  /** Creates it; one of that name that belongs to the run counts as created (a crash, or another leader, was faster). */
  async #create(resource: 'Job' | 'ConfigMap', object: NewObject, ownerUid: string | undefined): Promise<void> {
    const { client, caches } = this.#options
    try {
      caches.owned[resource].assume(await client.create<AnyObject>(resource, object))
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown
      const { namespace, name = '' } = object.metadata ?? {}
      const found = await client.get<AnyObject>({ resource, name, ...(namespace === undefined ? {} : { namespace }) })
      if (found === undefined) throw thrown
      if (ownerUid !== undefined && !isOwnedBy(found, ownerUid)) throw foreign(resource, found)
      caches.owned[resource].assume(found)
    }
  }

  async #writeStatus(run: RunObject, before: unknown, version: string): Promise<void> {
    const { client, caches } = this.#options
    const { namespace, name, uid } = run.metadata
    const place = { resource: 'ETLRun', namespace, name, subresource: 'status' } as const
    const patch = { metadata: { uid, resourceVersion: version }, status: withRemovals(before, run.status) }
    caches.runs.assume(await client.mergePatch<AnyObject>(place, patch))
  }

  async #emit(run: RunObject, event: RunEvent): Promise<void> {
    const { client, instance, now, newId } = this.#options
    try {
      const about = { kind: 'ETLRun', ...run.metadata } as const
      await client.create('Event', eventObject({ about, event, instance, now: now(), id: newId() }))
    } catch (thrown) {
      this.#options.onLostEvent(asFault(thrown))
    }
  }
}

function needed(stored: StoredPlan | undefined, run: RunObject): StoredPlan {
  if (stored !== undefined) return stored
  throw new Fault({
    kind: 'defect',
    code: 'Defect',
    message: `cannot act for ETLRun "${run.metadata.name}": its plan is not known`,
  })
}

function foreign(resource: ResourceName, found: KubeObject): Fault {
  const { namespace, name } = found.metadata
  return new Fault({
    kind: 'denied',
    code: 'NameTaken',
    message: `cannot create ${resource} "${namespace}/${name}": one of that name belongs to somebody else; delete it`,
  })
}

/** A merge patch that also removes what the new status does not have. */
export function withRemovals(before: unknown, after: object): Record<string, unknown> {
  const old = typeof before === 'object' && before !== null ? Object.keys(before) : []
  return { ...Object.fromEntries(old.map((key) => [key, null])), ...after }
}
