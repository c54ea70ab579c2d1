// A node whose pods do not run: as KWOK does, it writes the statuses that a kubelet would write (Running, then Succeeded with a
// step's outcome), as soon as a pod is bound to it. What is measured then is the control plane and the operator alone.
import { encodeOutcome } from '../../../src/plan/index.ts'
import { LABELS } from '../../../src/reconcile/index.ts'
import type { Api, ControlPlane, Pod, PodStatus } from '../../cluster/bed/index.ts'
import { Heartbeat } from '../../cluster/bed/node/heartbeat.ts'
import type { ContainerState } from '../../cluster/bed/node/pod.ts'
import { podKey } from '../../cluster/bed/node/pod.ts'
import { PodWatch } from '../../cluster/bed/node/pod-watch.ts'
import { statusOf } from '../../cluster/bed/node/status.ts'
import { StatusWriter } from '../../cluster/bed/node/status-writer.ts'

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
    const { uid = '', deletionTimestamp } = pod.metadata
    const phase = pod.status?.phase
    if (phase === 'Succeeded') return
    if (deletionTimestamp !== undefined) return await this.#finishDeletion(pod, uid)
    if (this.#known.has(uid) || (phase === 'Running' && this.staysRunning(pod))) return
    this.#known.add(uid)
    await this.#live(pod)
  }

  async #finishDeletion(pod: Pod, uid: string): Promise<void> {
    const { namespace, name } = pod.metadata
    const options = { gracePeriodSeconds: 0, preconditions: { uid } }
    // Whoever asks again is asked again; what is left at the end of the bench goes with the control plane.
    await this.#api.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, options).catch(() => undefined)
  }

  async #live(pod: Pod): Promise<void> {
    const writer = new StatusWriter(this.#api, pod, async () => undefined)
    const write = async (state: ContainerState) => {
      writer.write(statusFor(pod, state, writer.latest))
      await writer.settled()
    }
    const startedAt = now()
    await write({ running: { startedAt } })
    if (this.staysRunning(pod)) return
    const terminated = { exitCode: 0, reason: 'Completed', startedAt, finishedAt: now(), message: outcomeFor(pod) }
    await write({ terminated })
  }
}

function statusFor(pod: Pod, state: ContainerState, before: PodStatus | undefined): PodStatus {
  const spec = pod.spec.containers[0]
  if (spec === undefined) throw new Error(`pod ${podKey(pod)} has no container`)
  const record = { spec, state, lastState: {}, restartCount: 0, containerID: `fake://${pod.metadata.uid}` }
  const place = { hostIP: HOST_IP, podIP: '127.1.0.1', sandboxReady: true }
  const startTime = before?.startTime ?? now()
  return statusOf(
    { ...place, startTime, init: [], main: [record], isOver: state.terminated !== undefined },
    before,
    now(),
  )
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

const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
