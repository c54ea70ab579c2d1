// Reads the logs of pods, each once, now or as they come.
import { type AnyObject, ApiFault } from '../effects/index.ts'
import { at, listAt, numberAt, textAt } from '../reconcile/index.ts'
import type { RemoteCluster } from './cluster.ts'
import { ownLine, type StepLine, type StepName, workerLines } from './log-lines.ts'
import { stepOfPod } from './log-pods.ts'
import { type LogEnd, type LogPlace, PodLog } from './pod-log.ts'

export interface LogsOptions {
  isWanted: (step: StepName) => boolean
  /** Only so many of the last lines of each pod. */
  tail?: number
  signal: AbortSignal
  line: (line: StepLine) => void
  /** What is not a line of a log. */
  say: (note: string) => void
}

const AGAIN_MS = 500

interface Source {
  log: PodLog
  /** What is there is given; what comes is given at once from now on. */
  caughtUp: () => void
}

export class LogReader {
  /** Steps of which a line was given, as `process/step`. */
  readonly seen = new Set<string>()
  readonly #cluster: RemoteCluster
  readonly #uid: string
  readonly #options: LogsOptions
  readonly #sources = new Map<string, Source>()
  readonly #following = new Map<string, Promise<void>>()

  constructor(cluster: RemoteCluster, uid: string, options: LogsOptions) {
    this.#cluster = cluster
    this.#uid = uid
    this.#options = options
  }

  /** The lines of a pod that were not given yet. @throws ApiFault */
  async readOnce(pod: AnyObject, container: LogPlace['container']): Promise<LogEnd> {
    const source = this.#sourceOf(pod, container)
    if (source === undefined) return 'gone'
    const end = await source.log.read({ follow: false, signal: this.#options.signal })
    source.caughtUp()
    return end
  }

  /** Gives the lines of a pod as they come, until its container has ended or the signal is aborted. @throws ApiFault */
  async follow(pod: AnyObject, container: LogPlace['container'], signal: AbortSignal): Promise<void> {
    const { uid = '' } = pod.metadata
    const following = this.#following.get(uid) ?? this.#follow(pod, container, signal)
    this.#following.set(uid, following)
    await following
  }

  async #follow(pod: AnyObject, container: LogPlace['container'], signal: AbortSignal): Promise<void> {
    const source = this.#sourceOf(pod, container)
    if (source === undefined) return
    while (!signal.aborted) {
      try {
        if (this.#options.tail !== undefined) await source.log.read({ follow: false, signal })
        source.caughtUp()
        if ((await source.log.read({ follow: true, signal })) === 'gone') return
        if (!(await this.#goesOn(pod, container, source.log))) return
      } catch (thrown) {
        if (signal.aborted) return
        if (!(thrown instanceof ApiFault) || thrown.kind !== 'transient') throw thrown
        this.#options.say(`${thrown.message}; reading on`)
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  /** A stream may end because somebody between has let go of it, and a container may be started again. */
  async #goesOn({ metadata }: AnyObject, container: string, log: PodLog): Promise<boolean> {
    const { namespace = '', name, uid } = metadata
    const now = await this.#cluster.kube.get<AnyObject>({ resource: 'Pod', namespace, name })
    const phase = textAt(now, 'status', 'phase')
    if (now?.metadata.uid !== uid || phase === 'Succeeded' || phase === 'Failed') return false
    const status = listAt(now, 'status', 'containerStatuses').find((one) => textAt(one, 'name') === container)
    log.isOfStart(numberAt(status, 'restartCount') ?? 0)
    return container === 'worker' || at(status, 'state', 'terminated') === undefined
  }

  /** undefined: the pod is none of the steps that are asked about. */
  #sourceOf(pod: AnyObject, container: LogPlace['container']): Source | undefined {
    const { uid = '', name } = pod.metadata
    const known = this.#sources.get(uid)
    if (known !== undefined) return known
    const isOurs = this.#linesOf(pod, container)
    if (isOurs === undefined) return undefined
    const held: StepLine[] = []
    let [isCaughtUp, { tail }] = [this.#options.tail === undefined, this.#options]
    const give = (line: StepLine) => {
      this.seen.add(`${line.process}/${line.step}`)
      this.#options.line(line)
    }
    const log = new PodLog(this.#cluster, { pod: name, container }, (text) => {
      const line = isOurs(text)
      if (line === undefined) return
      if (isCaughtUp) give(line)
      else if (held.push(line) > (tail ?? 0)) held.shift()
    })
    const caughtUp = () => {
      isCaughtUp = true
      for (const line of held.splice(0)) give(line)
    }
    const source = { log, caughtUp }
    this.#sources.set(uid, source)
    return source
  }

  #linesOf(pod: AnyObject, container: LogPlace['container']): ((text: string) => StepLine | undefined) | undefined {
    if (container === 'worker') return workerLines(this.#uid, this.#options.isWanted)
    const of = stepOfPod(pod)
    return of === undefined || !this.#options.isWanted(of) ? undefined : ownLine(of)
  }
}
