// Gathers what a decision about one run rests on. Caches answer most of it; what they can't be trusted with (absence) and
// what they do not hold (plans, events) is read live.
import { isName } from '../base/index.ts'
import { type CompileInput, compile } from '../compile/index.ts'
import type { RunStatus, StoragePods, StorageSpec } from '../manifest/index.ts'
import {
  type CleanUpFact,
  cleanUpName,
  configMapName,
  isOf,
  type JobFact,
  jobFact,
  jobName,
  jobState,
  LABELS,
  mountTroubleOf,
  type Observed,
  type PlanFact,
  POD_START_PATIENCE,
  type PodFact,
  podFact,
  podTroubleOf,
  type RunObject,
  recordsOf,
  type StoredPlan,
  storedPlanOf,
  type TryId,
  unpackPlan,
  wantsRestart,
} from '../reconcile/index.ts'
import type { Caches } from './caches.ts'
import type { AnyObject } from './kept.ts'
import type { KubeApi } from './kube/index.ts'
import { dispatchFact, type LeaseSource, poolsOf } from './observe-dispatch.ts'
import { type RunReading, readRun, specProblems } from './read-run.ts'

export interface ObserverOptions {
  caches: Caches
  client: KubeApi
  now: () => number
  /** The leases of the steps in the hands of pools; undefined: there is no broker. */
  leases?: () => LeaseSource | undefined
}

/** How old a Job without a pod must be before its events are read. */
const PATIENCE_MS = 1_000
const PLANS_KEPT = 64

const LOST = { state: 'lost', message: 'not needed any more' } as const

export class Observer {
  readonly #caches: Caches
  readonly #client: KubeApi
  readonly #now: () => number
  readonly #leases: () => LeaseSource | undefined
  /** Plans by the uid of their ConfigMap's run: immutable, so they may be kept. */
  readonly #plans = new Map<string, StoredPlan>()

  constructor({ caches, client, now, leases = () => undefined }: ObserverOptions) {
    this.#leases = leases
    this.#caches = caches
    this.#client = client
    this.#now = now
  }

  /** undefined when there is no such run. */
  async observe(key: string): Promise<{ observed: Observed; reading: RunReading } | undefined> {
    const raw = this.#caches.runs.objects.get(key)
    if (raw === undefined) return undefined
    const reading = readRun(raw)
    const [{ run }, now] = [reading, this.#now()]
    const plan = await this.#planOf(reading, raw)
    const { jobs, pods } = await this.#jobsAndPods(run, plan, now)
    const { namespace, uid } = run.metadata
    // what is decided about a run that is to stop can't wait for news to be gathered
    const leases = this.#leases()?.factsOf(uid, run.spec.suspend === true || run.spec.cancel === true) ?? []
    const dispatch = dispatchFact(this.#leases(), poolsOf(this.#caches, namespace))
    return { observed: { now, run, plan, jobs, pods, leases, dispatch, cleanUp: this.#cleanUpOf(run) }, reading }
  }

  /** The stored plan of a run, for rendering; undefined when there is none. */
  storedPlan(run: RunObject): StoredPlan | undefined {
    return this.#plans.get(run.metadata.uid)
  }

  async #planOf(reading: RunReading, raw: AnyObject): Promise<PlanFact> {
    const { run, problems } = reading
    if (run.status.startedAt === undefined) {
      if (problems.length > 0) return { state: 'problems', problems }
      return this.#compiled(run)
    }
    const finished = run.status.finishedAt !== undefined && run.metadata.deletedAt === undefined && !wantsRestart(run)
    const known = this.#plans.get(run.metadata.uid)
    const name = run.status.planConfigMap ?? ''
    const inStatus = known === undefined ? run.status.plan : undefined
    const packed = inStatus === undefined ? undefined : unpackPlan(inStatus, run.metadata, name)
    const stored = known ?? packed ?? (finished ? undefined : await this.#readPlan(run))
    if (stored !== undefined) {
      this.#remember(run, stored)
      return {
        state: 'stored',
        ...stored,
        present: this.#caches.owned.ConfigMap.objects.has(`${run.metadata.namespace}/${name}`),
      }
    }
    if (finished) return LOST
    const again: PlanFact = specProblems(raw).length > 0 ? LOST : this.#compiled(run)
    if (again.state === 'compiled' && configMapName(run.metadata, again) === name) {
      this.#remember(run, again)
      return { ...again, state: 'stored', present: false }
    }
    return {
      state: 'lost',
      message: `cannot go on: ConfigMap "${name}" with the plan was deleted, and the pipeline or storage has changed since the run started; start a new run`,
    }
  }

  #compiled(run: RunObject): PlanFact {
    const { namespace } = run.metadata
    const { pipelineRef, storageRef, pipeline: inline } = run.spec
    const storageName = storageRef?.name ?? 'default'
    const storage = this.#caches.storages.objects.get(`${namespace}/${storageName}`)
    if (storage === undefined)
      return {
        state: 'waiting',
        reason: 'StorageNotFound',
        message: `ETLStorage "${storageName}" does not exist in namespace "${namespace}"`,
      }
    const referred =
      pipelineRef === undefined ? undefined : this.#caches.pipelines.objects.get(`${namespace}/${pipelineRef.name}`)
    if (pipelineRef !== undefined && referred === undefined) {
      return {
        state: 'waiting',
        reason: 'PipelineNotFound',
        message: `ETLPipeline "${pipelineRef.name}" does not exist in namespace "${namespace}"`,
      }
    }
    const spec = inline ?? referred?.spec
    const problems = [
      ...specProblems(storage, 'ETLStorage'),
      ...(referred === undefined ? [] : specProblems(referred, 'ETLPipeline')),
    ]
    if (problems.length > 0) return { state: 'problems', problems }
    return compiledPlan({
      run,
      name: pipelineRef?.name ?? run.metadata.name,
      spec,
      storage: storage.spec as StorageSpec,
    })
  }

  async #readPlan(run: RunObject): Promise<StoredPlan | undefined> {
    const name = run.status.planConfigMap
    // The status may have been edited by hand; what is no name can't be asked for.
    if (name === undefined || !isName(name)) return undefined
    const map = await this.#client.get<AnyObject>({ resource: 'ConfigMap', namespace: run.metadata.namespace, name })
    if (map === undefined) return undefined
    return storedPlanOf(map, run.metadata, name)
  }

  #remember(run: RunObject, { plan, binding, pods }: StoredPlan): void {
    this.#plans.delete(run.metadata.uid)
    this.#plans.set(run.metadata.uid, { plan, binding, pods })
    for (const uid of this.#plans.keys()) {
      if (this.#plans.size <= PLANS_KEPT) break
      this.#plans.delete(uid)
    }
  }

  /** Absence is not believed: what the status says exists and the caches lack is read live. */
  async #jobsAndPods(run: RunObject, plan: PlanFact, now: number): Promise<{ jobs: JobFact[]; pods: PodFact[] }> {
    const { uid } = run.metadata
    const jobs = this.#caches
      .ownedBy('Job', uid)
      .map((job) => jobFact(job, uid))
      .filter((job) => job !== undefined)
    const pods = this.#caches
      .ownedBy('Pod', uid)
      .map((pod) => podFact(pod, run.metadata))
      .filter((pod) => pod !== undefined)
    if (plan.state !== 'stored' || run.status.finishedAt !== undefined) return { jobs, pods }
    for (const record of runningSteps(plan.plan, run.status)) {
      const cached = jobs.find(isOf(record))
      const job = cached ?? (await this.#liveJob(run, record))
      if (job === undefined) continue
      if (cached === undefined) jobs.push(job)
      for (const pod of pods) if (isOf(record)(pod)) Object.assign(pod, await this.#mountTrouble(run, pod, now))
      if (pods.some((pod) => isOf(record)(pod) && (pod.end !== undefined || job.state === 'active'))) continue
      if (job.state !== 'active') pods.push(...(await this.#livePods(run, record)))
      else if (now - job.createdAt > PATIENCE_MS) Object.assign(job, await this.#podTrouble(run, job))
    }
    return { jobs, pods }
  }

  async #liveJob(run: RunObject, id: TryId): Promise<JobFact | undefined> {
    const { namespace, uid } = run.metadata
    const job = await this.#client.get<AnyObject>({ resource: 'Job', namespace, name: jobName(run.metadata, id) })
    return job === undefined ? undefined : jobFact(job, uid)
  }

  async #livePods(run: RunObject, id: TryId): Promise<PodFact[]> {
    const { namespace, uid } = run.metadata
    const labelSelector = `${LABELS.runUid}=${uid},${LABELS.step}=${id.step},${LABELS.attempt}=${id.attempt},${LABELS.try}=${id.try}`
    const { items } = await this.#client.list<AnyObject>('Pod', { namespace, labelSelector })
    return items.map((pod) => podFact(pod, run.metadata)).filter((pod) => pod !== undefined)
  }

  async #podTrouble(run: RunObject, job: JobFact): Promise<Pick<JobFact, 'podTrouble'>> {
    const podTrouble = podTroubleOf(await this.#eventsAbout(run, 'Job', job.name))
    return podTrouble === undefined ? {} : { podTrouble }
  }

  async #mountTrouble(run: RunObject, pod: PodFact, now: number): Promise<Pick<PodFact, 'trouble'>> {
    if (!pod.starting || now - pod.createdAt < POD_START_PATIENCE) return {}
    const trouble = mountTroubleOf(await this.#eventsAbout(run, 'Pod', pod.name))
    return trouble === undefined ? {} : { trouble }
  }

  async #eventsAbout({ metadata }: RunObject, kind: 'Job' | 'Pod', name: string): Promise<AnyObject[]> {
    const { namespace } = metadata
    const fieldSelector = `regarding.kind=${kind},regarding.name=${name}`
    return (await this.#client.list<AnyObject>('Event', { namespace, fieldSelector })).items
  }

  #cleanUpOf(run: RunObject): CleanUpFact {
    const job = this.#caches.owned.Job.objects.get(`${run.metadata.namespace}/${cleanUpName(run.metadata, 'run')}`)
    return job === undefined
      ? { state: 'none' }
      : { state: jobState(job), ...(job.metadata.uid === undefined ? {} : { uid: job.metadata.uid }) }
  }
}

function runningSteps(plan: StoredPlan['plan'], status: RunStatus): TryId[] {
  return recordsOf(plan, status).filter(({ state, pool }) => state === 'Running' && pool === undefined)
}

function compiledPlan(input: { run: RunObject; name: string; spec: unknown; storage: StorageSpec }): PlanFact {
  const { run, name, spec, storage } = input
  const modules = storage.defaults?.modulePath?.uri ?? '/'
  const result = compile({
    pipeline: { name, spec: spec as CompileInput['pipeline']['spec'] },
    storage,
    run: run.spec,
    facts: { workingFolder: '/', manifestFolder: modules },
  })
  if (!result.ok) return { state: 'problems', problems: result.problems }
  const pods: StoragePods = storage.pods ?? {}
  return { state: 'compiled', plan: result.plan, binding: result.binding, pods }
}
