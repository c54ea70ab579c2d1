// A model of what surrounds the operator: Job controller, kubelet, garbage collector, and tables that keep one commit per
// step. It offers the moves that are possible now; who plays it picks one, so that any order of events can be tried.
import { encodeOutcome, type StepOutcome } from '../../../src/plan/index.ts'
import { LABELS, textAt } from '../../../src/reconcile/index.ts'
import { isEnded, type ModelApiServer, type ModelObject } from './api-server.ts'

export interface Move {
  name: string
  /** Moves that do harm are only offered while faults are wanted. */
  fault?: boolean
  play: () => void
}

/** What a step's container does the n-th time that it is run. */
export type Behaviour = 'succeed' | 'failTransient' | 'failInvalid' | 'oom' | 'silent' | 'malformed'

export interface ClusterOptions {
  api: ModelApiServer
  now: () => number
  behaviour: (step: string, run: number) => Behaviour
  /** Which Jobs, pods and ConfigMaps it plays with; absent: all. */
  concerns?: (object: ModelObject) => boolean
}

export class ModelCluster {
  /** `runUid/process/step` → how often its table took a commit; the table itself allows one. */
  readonly commits = new Map<string, number>()
  readonly #options: ClusterOptions
  readonly #runs = new Map<string, number>()
  readonly #hadPod = new Set<string>()
  #pods = 0

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  moves(): Move[] {
    return [
      ...this.#all('Job').flatMap((job) => this.#jobMoves(job)),
      ...this.#all('Pod').flatMap((pod) => this.#podMoves(pod)),
      ...this.#garbage(),
    ]
  }

  #all(resource: 'Job' | 'Pod' | 'ConfigMap'): ModelObject[] {
    const { api, concerns } = this.#options
    return concerns === undefined ? api.all(resource) : api.all(resource).filter(concerns)
  }

  #jobMoves(job: ModelObject): Move[] {
    const { api } = this.#options
    const uid = job.metadata.uid ?? ''
    const pods = this.#all('Pod').filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid))
    const moves: Move[] = []
    const ended = Array.isArray(job.status?.['conditions'])
    if (!ended && job.metadata.deletionTimestamp === undefined) {
      if (pods.length === 0 && !this.#hadPod.has(uid))
        moves.push({ name: 'pod is made', play: () => this.#makePod(job) })
      const done = pods.find(isEnded) ?? pods.find(({ metadata }) => metadata.deletionTimestamp !== undefined)
      if (done !== undefined)
        moves.push({ name: 'Job ends', play: () => this.#endJob(job, done.status?.['phase'] === 'Succeeded') })
      if (pods.length === 0 && this.#hadPod.has(uid))
        moves.push({ name: 'Job fails without pod', play: () => this.#endJob(job, false) })
    }
    moves.push({ name: 'Job is deleted by hand', fault: true, play: () => api.forceDelete('Job', job) })
    return moves
  }

  /** Gone before anybody saw it end: its Job makes another one, and does not count this one. */
  vanish(pod: ModelObject): void {
    const [owner] = pod.metadata.ownerReferences ?? []
    if (pod.metadata.deletionTimestamp === undefined && !isEnded(pod)) this.#hadPod.delete(owner?.uid ?? '')
    this.#options.api.forceDelete('Pod', pod)
  }

  #makePod(job: ModelObject): void {
    this.#hadPod.add(job.metadata.uid ?? '')
    const template = job.spec?.['template'] as { metadata?: { labels?: Record<string, string> } } | undefined
    const owner = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      name: job.metadata.name,
      uid: job.metadata.uid ?? '',
      controller: true,
    }
    void this.#options.api.create('Pod', {
      metadata: {
        name: `${job.metadata.name}-${++this.#pods}`,
        namespace: job.metadata.namespace ?? '',
        labels: template?.metadata?.labels,
        ownerReferences: [owner],
      },
    } as never)
  }

  #endJob(job: ModelObject, succeeded: boolean): void {
    const condition = succeeded
      ? { type: 'Complete', status: 'True' }
      : { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }
    this.#options.api.writeStatus('Job', job, { conditions: [condition] })
  }

  #podMoves(pod: ModelObject): Move[] {
    const { api } = this.#options
    const moves: Move[] = []
    const running = pod.status?.['phase'] === 'Running'
    if (pod.metadata.deletionTimestamp !== undefined) {
      moves.push({ name: 'deleted pod goes', play: () => api.forceDelete('Pod', pod) })
      if (running && !isEnded(pod))
        moves.push({
          name: 'deleted pod says that it stops',
          play: () => this.#end(pod, this.#outcome(pod, 'Cancelled')),
        })
    } else if (!isEnded(pod)) {
      if (!running && this.#planIsThere(pod))
        moves.push({ name: 'pod starts', play: () => api.writeStatus('Pod', pod, { phase: 'Running' }) })
      else if (running) moves.push({ name: 'container ends', play: () => this.#run(pod) })
    }
    if (isEnded(pod)) return moves
    if (running) moves.push({ name: 'container commits and dies', fault: true, play: () => this.#commitAndDie(pod) })
    moves.push({ name: 'pod is evicted', fault: true, play: () => this.#disrupt(pod, 'EvictionByEvictionAPI') })
    moves.push({ name: 'node is lost', fault: true, play: () => this.#disrupt(pod, 'DeletionByTaintManager') })
    moves.push({ name: 'pod vanishes', fault: true, play: () => this.vanish(pod) })
    return moves
  }

  /** A kubelet starts no container whose ConfigMap is missing. */
  #planIsThere(pod: ModelObject): boolean {
    const { labels = {}, namespace } = pod.metadata
    if (labels[LABELS.component] !== 'step') return true
    const maps = this.#all('ConfigMap')
    return maps.some(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[LABELS.runUid] === labels[LABELS.runUid],
    )
  }

  #run(pod: ModelObject): void {
    const step = pod.metadata.labels?.[LABELS.step] ?? ''
    const key = this.#key(pod)
    const count = (this.#runs.get(key) ?? 0) + 1
    this.#runs.set(key, count)
    switch (this.#options.behaviour(step, count)) {
      case 'succeed':
        if (pod.metadata.labels?.[LABELS.component] === 'step') this.#commit(pod)
        this.#end(pod, this.#outcome(pod, 'Succeeded'))
        return
      case 'failTransient':
        this.#end(pod, this.#outcome(pod, 'Failed', 'transient'))
        return
      case 'failInvalid':
        this.#end(pod, this.#outcome(pod, 'Failed', 'invalid'))
        return
      case 'oom':
        this.#end(pod, '', { exitCode: 137, reason: 'OOMKilled' })
        return
      case 'silent':
        this.#end(pod, '', { exitCode: 1, reason: 'Error' })
        return
      case 'malformed':
        this.#end(pod, '{"version":1,', { exitCode: 1, reason: 'Error' })
        return
    }
  }

  #commitAndDie(pod: ModelObject): void {
    if (pod.metadata.labels?.[LABELS.component] === 'step') this.#commit(pod)
    this.#end(pod, '', { exitCode: 137, reason: 'Error' })
  }

  /** A table takes one commit per step, whatever happens around it. */
  #commit(pod: ModelObject): void {
    this.commits.set(this.#key(pod), 1)
  }

  #key(pod: ModelObject): string {
    const labels = pod.metadata.labels ?? {}
    return `${labels[LABELS.runUid]}/${labels[LABELS.process]}/${labels[LABELS.step]}`
  }

  #outcome(pod: ModelObject, state: StepOutcome['state'], kind?: 'transient' | 'invalid'): string {
    const labels = pod.metadata.labels ?? {}
    const address = {
      runUid: labels[LABELS.runUid] ?? '',
      attempt: Number(labels[LABELS.attempt]),
      try: Number(labels[LABELS.try]),
    }
    return encodeOutcome(address, {
      process: labels[LABELS.process] ?? '',
      step: labels[LABELS.step] ?? '',
      state,
      durationMs: 5,
      ...(state === 'Succeeded' ? { write: { rows: 10, bytes: 100, files: 1, tableVersion: 0, warnings: [] } } : {}),
      ...(kind === undefined ? {} : { error: { kind, code: 'Scripted', message: 'as the script says' } }),
    })
  }

  #end(pod: ModelObject, message: string, ended?: { exitCode: number; reason: string }): void {
    const succeeded = ended === undefined && message.includes('"state":"Succeeded"')
    const terminated = {
      exitCode: succeeded ? 0 : (ended?.exitCode ?? 1),
      reason: ended?.reason ?? (succeeded ? 'Completed' : 'Error'),
      message,
    }
    this.#options.api.writeStatus('Pod', pod, {
      phase: succeeded ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'step', state: { terminated } }],
    })
  }

  #disrupt(pod: ModelObject, reason: string): void {
    this.#options.api.writeStatus('Pod', pod, {
      phase: 'Failed',
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'by the model' }],
    })
  }

  /** Objects whose controller is gone. */
  #garbage(): Move[] {
    const { api } = this.#options
    const alive = new Set([...api.all('ETLRun'), ...api.all('Job')].map(({ metadata }) => metadata.uid))
    const orphans = (['Job', 'Pod', 'ConfigMap'] as const).flatMap((resource) =>
      this.#all(resource)
        .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => !alive.has(uid)))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map((object) => ({
          name: `garbage ${resource}`,
          play: () =>
            void api.delete({
              resource,
              name: object.metadata.name,
              namespace: textAt(object, 'metadata', 'namespace') ?? '',
            }),
        })),
    )
    const maps = this.#all('ConfigMap').map((map) => ({
      name: 'ConfigMap is deleted by hand',
      fault: true,
      play: () => api.forceDelete('ConfigMap', map),
    }))
    return [...orphans, ...maps]
  }
}
