// A node whose pods do not run: as KWOK does, it writes the statuses that a kubelet would write (Running, then Succeeded with a
// step's outcome), as soon as a pod is bound to it. What is measured then is the control plane and the operator alone.
import { encodeOutcome } from '../../../src/plan/index.ts'
import { LABELS } from '../../../src/reconcile/index.ts'
import { type Api, ApiError, type ControlPlane, type Pod, type PodStatus } from '../../cluster/bed/index.ts'
import { Heartbeat } from '../../cluster/bed/node/heartbeat.ts'
import type { ContainerState } from '../../cluster/bed/node/pod.ts'
import { podKey } from '../../cluster/bed/node/pod.ts'
import { PodWatch } from '../../cluster/bed/node/pod-watch.ts'
import { statusOf } from '../../cluster/bed/node/status.ts'

const NAME = 'fake'
const HOST_IP = '127.0.0.1'
const CAPACITY = { cpu: '100000', memory: '100Ti', pods: '100000', 'ephemeral-storage': '100Ti' }

export class FakeNode {
  readonly #api: Api
  readonly #heartbeat: Heartbeat
  readonly #watch: PodWatch
  readonly #known = new Set<string>()
  /** Pods for which this holds stay Running. */
  staysRunning: (pod: Pod) => boolean = () => false

  private constructor(plane: ControlPlane) {
    this.#api = plane.nodes.api
    this.#heartbeat = new Heartbeat(this.#api, plane.heartbeatSeconds)
    this.#watch = new PodWatch(this.#api, NAME, {
      seen: (pod) => void this.#see(pod),
      gone: (uid) => this.#known.delete(uid),
    })
  }

  static async start(plane: ControlPlane): Promise<FakeNode> {
    const node = new FakeNode(plane)
    plane.stopFirst(() => node.#stop())
    await node.#heartbeat.start({ name: NAME, hostIP: HOST_IP, labels: {}, capacity: CAPACITY, logPort: 1 })
    node.#watch.start()
    return node
  }

  async #stop(): Promise<void> {
    await Promise.all([this.#heartbeat.stop(), this.#watch.stop()])
  }

  async #see(pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? ''
    const isOver = pod.status?.phase === 'Succeeded'
    try {
      if (pod.metadata.deletionTimestamp !== undefined && !isOver)
        return await this.#api.delete(path(pod), { gracePeriodSeconds: 0, preconditions: { uid } })
      if (isOver || this.#known.has(uid)) return
      this.#known.add(uid)
      await this.#live(pod)
    } catch (thrown) {
      // It was deleted meanwhile, or the bench is over.
      if (thrown instanceof ApiError && thrown.status !== 404 && thrown.status !== 409) throw thrown
    }
  }

  async #live(pod: Pod): Promise<void> {
    const startedAt = now()
    const running = await this.#write(pod, { state: { running: { startedAt } } })
    if (this.staysRunning(pod)) return
    const terminated = { exitCode: 0, reason: 'Completed', startedAt, finishedAt: now(), message: outcomeFor(pod) }
    await this.#write(pod, { state: { terminated }, before: running })
  }

  async #write(pod: Pod, { state, before }: { state: ContainerState; before?: PodStatus }): Promise<PodStatus> {
    const spec = pod.spec.containers[0]
    if (spec === undefined) throw new Error(`pod ${podKey(pod)} has no container`)
    const record = { spec, state, lastState: {}, restartCount: 0, containerID: `fake://${pod.metadata.uid}` }
    const isOver = state.terminated !== undefined
    const pieces = { startTime: now(), hostIP: HOST_IP, podIP: '127.1.0.1', sandboxReady: true, init: [], isOver }
    const status = statusOf({ ...pieces, main: [record] }, before, now())
    await this.#api.patch(`${path(pod)}/status`, { metadata: { uid: pod.metadata.uid }, status }, 'strategic-merge')
    return status
  }
}

/** What `loom step` says after it has written one row. */
function outcomeFor({ metadata: { labels = {} } }: Pod): string {
  const address = {
    runUid: labels[LABELS.runUid] ?? '',
    attempt: Number(labels[LABELS.attempt]),
    try: Number(labels[LABELS.try]),
  }
  const write = { rows: 1, bytes: 500, files: 1, tableVersion: 0, warnings: [] }
  const of = { process: labels[LABELS.process] ?? '', step: labels[LABELS.step] ?? '' }
  return encodeOutcome(address, { ...of, state: 'Succeeded', write, durationMs: 100 })
}

const path = ({ metadata: { namespace, name } }: Pod) => `/api/v1/namespaces/${namespace}/pods/${name}`

const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
