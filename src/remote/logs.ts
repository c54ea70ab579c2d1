// The logs of a run's steps: of the pods that there are, or of all that come until the run has ended.
import { type AnyObject, ApiFault, isStatus } from '../effects/index.ts'
import type { RunObject } from '../reconcile/index.ts'
import type { RemoteCluster } from './cluster.ts'
import { followRun, watchObjects } from './follow.ts'
import { hasLog, poolsOf, stepPodsSelector, withoutLog, workerPodsSelector } from './log-pods.ts'
import { LogReader, type LogsOptions } from './log-reader.ts'
import { hasEnded, type RunView, runView } from './run-view.ts'

export { wantedSteps } from './log-pods.ts'

type Container = 'step' | 'worker'

/** All lines that there are now, pod after pod. @throws ApiFault, the first one; the other pods are read all the same */
export async function showLogs(cluster: RemoteCluster, run: RunView, options: LogsOptions): Promise<void> {
  const reader = new LogReader(cluster, run.uid, options)
  let failure: ApiFault | undefined
  for (const { pod, container } of await podsOf(cluster, run, options)) {
    try {
      await reader.readOnce(pod, container)
    } catch (thrown) {
      // a node that does not answer keeps nobody from the logs of others
      if (!(thrown instanceof ApiFault) || thrown.kind !== 'transient') throw thrown
      failure ??= thrown
    }
  }
  if (failure !== undefined) throw failure
  tellMissing(run, options, reader)
}

function tellMissing(run: RunView, { isWanted, say }: LogsOptions, { seen }: LogReader): void {
  const missing = withoutLog(run, isWanted, seen)
  for (const note of missing) say(note)
  if (seen.size > 0 || missing.length > 0) return
  say(
    `there is no log yet: ${run.name} is ${run.phase}${run.reason === undefined ? '' : `: ${run.reason}: ${run.message ?? ''}`}`,
  )
}

/** In the order of their making: the steps' own, then those of workers. */
async function podsOf(
  cluster: RemoteCluster,
  run: RunView,
  { isWanted }: LogsOptions,
): Promise<{ pod: AnyObject; container: Container }[]> {
  const own = await podsBy(cluster, stepPodsSelector(run.uid))
  const workers = await Promise.all(
    poolsOf(run.steps, isWanted).map((pool) => podsBy(cluster, workerPodsSelector(pool))),
  )
  return [
    ...own.map((pod) => ({ pod, container: 'step' as const })),
    ...workers.flat().map((pod) => ({ pod, container: 'worker' as const })),
  ].filter(({ pod, container }) => hasLog(pod, container))
}

async function podsBy({ kube, namespace }: RemoteCluster, labelSelector: string): Promise<AnyObject[]> {
  const { items } = await kube.list<AnyObject>('Pod', { namespace, labelSelector })
  const age = ({ metadata }: AnyObject) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`
  return items.toSorted((a, b) => age(a).localeCompare(age(b)))
}

/**
 * The lines that there are, and those that come, until the run has ended or the signal is aborted.
 * @throws ApiFault, Fault conflict RunDeleted
 */
export async function followLogs(cluster: RemoteCluster, { metadata }: RunObject, options: LogsOptions): Promise<void> {
  const following = new Following(cluster, metadata.uid, options)
  try {
    following.watch('step', stepPodsSelector(metadata.uid))
    for await (const run of followRun(cluster, metadata, { signal: following.signal, say: options.say })) {
      const view = runView(run, undefined)
      for (const pool of poolsOf(view.steps, options.isWanted)) following.watch('worker', workerPodsSelector(pool))
      if (!hasEnded(view)) continue
      await following.finish(view)
      return
    }
    following.assertWell()
  } finally {
    await following.stop()
  }
}

class Following {
  readonly #cluster: RemoteCluster
  readonly #options: LogsOptions
  readonly #reader: LogReader
  readonly #stop = new AbortController()
  readonly #watched = new Set<string>()
  readonly #tasks: Promise<void>[] = []
  /** Those of steps' own pods. */
  readonly #steps: Promise<void>[] = []
  #failure: unknown

  constructor(cluster: RemoteCluster, uid: string, options: LogsOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#reader = new LogReader(cluster, uid, options)
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#options.signal, this.#stop.signal])
  }

  watch(container: Container, labelSelector: string): void {
    if (this.#watched.has(labelSelector)) return
    this.#watched.add(labelSelector)
    const about = { resource: 'Pod', selector: { labelSelector }, signal: this.signal, say: this.#options.say } as const
    this.#do(
      watchObjects(this.#cluster, about, ({ after }) => {
        if (after !== undefined) this.#follow(after, container)
      }),
    )
  }

  #follow(pod: AnyObject, container: Container): void {
    if (!hasLog(pod, container)) return
    const task = this.#reader.follow(pod, container, this.signal)
    if (container === 'step') this.#steps.push(task.catch(() => undefined))
    this.#do(task)
  }

  #do(task: Promise<void>): void {
    this.#tasks.push(
      task.catch((thrown: unknown) => {
        if (this.#stop.signal.aborted) return
        this.#failure ??= thrown
        this.#stop.abort()
      }),
    )
  }

  /** The run has ended: what its steps still say in their pods, and what workers have said of it by now. */
  async finish(view: RunView): Promise<void> {
    const pods = await podsOf(this.#cluster, view, this.#options)
    for (const { pod, container } of pods) if (container === 'step') this.#follow(pod, container)
    await Promise.all(this.#steps)
    this.assertWell()
    await this.stop()
    for (const { pod, container } of pods) if (container === 'worker') await this.#readRest(pod)
    tellMissing(view, this.#options, this.#reader)
  }

  async #readRest(pod: AnyObject): Promise<void> {
    try {
      await this.#reader.readOnce(pod, 'worker')
    } catch (thrown) {
      if (!isStatus(thrown, 404)) throw thrown
    }
  }

  assertWell(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#tasks)
  }
}
