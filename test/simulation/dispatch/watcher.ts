// Sees every commit, every message of an operator and every move, and tells what must not be.
import { DISPATCH_LIMITS } from '../../../src/dispatch/index.ts'
import { FINAL_PHASES, type Phase, type RunStatus } from '../../../src/manifest/index.ts'
import type { StepTask } from '../../../src/plan/index.ts'
import { LABELS } from '../../../src/reconcile/index.ts'
import type { ModelObject } from '../model/api-server.ts'
import type { Flight, Said } from './model-broker.ts'
import type { Tables } from './model-worker.ts'
import type { World } from './world.ts'

type Id = NonNullable<Said['id']>

export class Watcher implements Tables {
  violation: string | undefined
  /** `runUid/process/step` → who committed it. */
  readonly commits = new Map<string, string>()
  readonly #world: World
  /** `epoch/lease` → the worker whose lease was renewed. */
  readonly #holders = new Map<string, string>()
  readonly #renewedAt = new Map<string, number>()
  /** Who was given a try last. */
  readonly #given = new Map<string, string>()
  readonly #before = new Map<string, RunStatus>()

  constructor(world: World) {
    this.#world = world
  }

  /** A second one finds it done. */
  commit(lease: Id, { run: { uid: runUid = '' }, step: { process, name: step } }: StepTask, worker: string): void {
    const key = `${runUid}/${process}/${step}`
    const renewedAt = this.#renewedAt.get(`${worker} ${keyOf(lease)}`) ?? Number.NEGATIVE_INFINITY
    if (this.#world.now >= renewedAt + DISPATCH_LIMITS.leaseMs)
      this.violated(`${worker} commits ${step} without a lease`)
    const run = this.#runOf(runUid)
    const status = run?.status as RunStatus | undefined
    if (status?.finishedAt !== undefined && this.#isNew(key))
      this.violated(`${worker} commits ${step} of a run that is ${status.phase} since ${status.finishedAt}`)
    if (this.#isNew(key)) this.commits.set(key, worker)
  }

  #isNew(key: string): boolean {
    return !this.commits.has(key) && !this.#world.cluster.commits.has(key)
  }

  /** A message leaves. */
  sent({ kind, from, to, said, request }: Flight): void {
    if (kind === 'renewed' && request?.id !== undefined) this.#renewed(said, request)
    if (kind === 'settled' && request?.id !== undefined) this.#settled(request.id, request.worker ?? '')
    if (kind !== 'lease' || said.id === undefined) return
    this.#given.set(keyOf(said.id), to)
    const run = this.#runOf(said.id.runUid)
    const status = run?.status as RunStatus | undefined
    // what is given out while that status is being written is found by the next look
    const isSuspended = run?.spec?.['suspend'] === true && status?.reason === 'Suspended' && !this.#world.isInLook
    if (isSuspended) this.violated(`${from} gives out a step of a suspended run`)
  }

  /** One try has one worker at a time: whose lease was renewed keeps it, as far as one leader is concerned. */
  #renewed({ epoch }: Said, { id, worker = '' }: Said): void {
    this.#renewedAt.set(`${worker} ${keyOf(id as Id)}`, this.#world.now)
    const key = `${epoch}/${keyOf(id as Id)}`
    const holder = this.#holders.get(key) ?? worker
    this.#holders.set(key, holder)
    if (holder !== worker) this.violated(`${keyOf(id as Id)} is leased to ${holder} and to ${worker} by one leader`)
  }

  /** Only what the stored status takes account of, or what counts no more: another worker has the step now, too. */
  #settled(id: Id, worker: string): void {
    if ((this.#given.get(keyOf(id)) ?? worker) !== worker) return
    const run = this.#runOf(id.runUid)
    if (run === undefined || run.metadata.deletionTimestamp !== undefined) return
    const status = run.status as RunStatus
    if (FINAL_PHASES.includes(status.phase as Phase)) return
    const record = status.steps?.find(({ process, step }) => process === id.process && step === id.step)
    const isOpen = record?.state === 'Running' || record?.state === 'Queued' || record?.state === 'Pending'
    if (isOpen && record.attempt === id.attempt && record.try === id.try)
      this.violated(`the outcome of ${keyOf(id)} is settled, but the status says that it is ${record.state}`)
  }

  /** @returns what is violated */
  afterMove(): string | undefined {
    for (const run of this.#world.runs) this.violation ??= this.#goesBack(run)
    this.violation ??= this.#sideBySide()
    return this.violation
  }

  #goesBack(run: ModelObject): string | undefined {
    const { uid = '' } = run.metadata
    const status = (run.status ?? {}) as RunStatus
    const before = this.#before.get(uid)
    this.#before.set(uid, status)
    if (before?.startedAt === undefined || before === status) return undefined
    if (before.finishedAt !== undefined && before.phase !== status.phase)
      return `the run was ${before.phase}, and is ${status.phase} now`
    const lost = [...(before.stepStates ?? '')].some((state, i) => state === 'S' && status.stepStates?.[i] !== 'S')
    return lost ? `steps were ${before.stepStates}, and are ${status.stepStates} now` : undefined
  }

  /** Whoever may commit a step, a worker or a pod, does it alone. */
  #sideBySide(): string | undefined {
    const doing = new Map<string, string>()
    const claims = this.#world.workers.flatMap(({ mayCommit, name }) =>
      mayCommit === undefined ? [] : [{ key: stepKey(mayCommit), who: name }],
    )
    const pods = this.#world.api.all('Pod').filter((pod) => pod.status?.['phase'] === 'Running')
    for (const { metadata } of pods) {
      const {
        [LABELS.runUid]: runUid = '',
        [LABELS.process]: process = '',
        [LABELS.step]: step,
      } = metadata.labels ?? {}
      // a Job that was made before a crash, and that the next leader does not see yet, is kept apart by the table alone
      const status = this.#runOf(runUid)?.status as RunStatus | undefined
      const record = status?.steps?.find((one) => one.process === process && one.step === step)
      const isJob = record?.state === 'Running' && record.pool === undefined
      if (step !== undefined && isJob) claims.push({ key: stepKey({ runUid, process, step }), who: metadata.name })
    }
    for (const { key, who } of claims) {
      const other = doing.get(key)
      if (other !== undefined && !this.commits.has(key)) return `${key} may be committed by ${other} and by ${who}`
      doing.set(key, who)
    }
    return undefined
  }

  #runOf(uid: string): ModelObject | undefined {
    return this.#world.runs.find(({ metadata }) => metadata.uid === uid)
  }

  violated(what: string): void {
    this.violation ??= what
  }
}

const keyOf = ({ runUid, process, step, attempt, try: number }: Id): string =>
  `${runUid}/${process}/${step}/${attempt}/${number}`

const stepKey = ({ runUid, process, step }: Pick<Id, 'runUid' | 'process' | 'step'>): string =>
  `${runUid}/${process}/${step}`
