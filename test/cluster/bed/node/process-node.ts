// A process node: it registers a Node with a control plane and runs the pods that are bound to it as processes of this machine,
// writing what a kubelet would write. Faults happen on request only.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Api } from '../api.ts'
import type { ControlPlane } from '../control-plane.ts'
import { until } from '../wait.ts'
import { EventRecorder } from './events.ts'
import { Heartbeat } from './heartbeat.ts'
import { Holds, type Release } from './holds.ts'
import { type ImageFault, ImageStore, type Images } from './images.ts'
import { type Pod, type PodStatus, podKey } from './pod.ts'
import { PodRun } from './pod-run.ts'
import { PodWatch } from './pod-watch.ts'
import { addressFor, References } from './references.ts'
import { StatusWriter } from './status-writer.ts'

export interface ProcessNodeOptions {
  readonly name?: string
  readonly images?: Images
  readonly labels?: Readonly<Record<string, string>>
  readonly capacity?: Readonly<Record<string, string>>
  /** Between tries to get an image, a reference or a failed container again (a kubelet takes ten seconds and more). */
  readonly retrySeconds?: number
}

/** A pod by namespace and name. */
export interface PodName {
  readonly namespace: string
  readonly name: string
}

const HOST_IP = '127.0.0.1'
const CAPACITY = { cpu: '64', memory: '256Gi', pods: '5000', 'ephemeral-storage': '100Gi' }

/** Starts a node and waits until the scheduler may use it. */
export async function startProcessNode(plane: ControlPlane, options: ProcessNodeOptions = {}): Promise<ProcessNode> {
  const node = new ProcessNode(plane, options)
  await node.start()
  return node
}

interface Guest {
  pod: Pod
  readonly run: PodRun
  /** Whatever this node writes about the pod passes here. */
  readonly writer: StatusWriter
}

export class ProcessNode implements AsyncDisposable {
  readonly name: string
  readonly #plane: ControlPlane
  readonly #api: Api
  readonly #retrySeconds: number
  readonly #folder: string
  readonly #images: ImageStore
  readonly #events: EventRecorder
  readonly #heartbeat: Heartbeat
  readonly #watch: PodWatch
  readonly #guests = new Map<string, Guest>()
  readonly #starts = new Holds<Pod>()
  readonly #statuses = new Holds<{ pod: Pod; status: PodStatus }>()
  readonly #network = new Holds<null>()
  #reconnect: Release | undefined

  constructor(plane: ControlPlane, options: ProcessNodeOptions) {
    this.name = options.name ?? `process-${randomBytes(3).toString('hex')}`
    this.#plane = plane
    this.#api = plane.nodes.api
    this.#retrySeconds = options.retrySeconds ?? 0.5
    this.#folder = join(plane.folder, this.name)
    this.#images = new ImageStore(options.images ?? {})
    this.#events = new EventRecorder(this.#api, this.name)
    const capacity = { ...CAPACITY, ...options.capacity }
    const identity = { name: this.name, hostIP: HOST_IP, labels: options.labels ?? {}, capacity }
    this.#heartbeat = new Heartbeat(this.#api, identity, plane.heartbeatSeconds)
    this.#watch = new PodWatch(this.#api, this.name, {
      seen: (pod) => this.#see(pod),
      gone: (uid) => this.#forget(uid),
    })
  }

  async start(): Promise<void> {
    await this.#heartbeat.start()
    this.#watch.start()
    const path = `/api/v1/nodes/${this.name}`
    const isFree = async () =>
      ((await this.#api.get<{ spec: { taints?: unknown[] } }>(path)).spec.taints ?? []).length === 0
    await until(`node ${this.name} may be scheduled on`, isFree)
  }

  /** What the container (the first one, unless named) has written so far. */
  log(pod: PodName, container?: string): string {
    return this.#guest(pod).run.container(container).log
  }

  // Faults. Each is what the pod's owner sees when the thing really happens.

  /** The image can not be had, until the returned function is called. */
  failImage(image: string, fault?: Partial<ImageFault>): Release {
    return this.#images.fail(image, fault)
  }

  /** The kernel kills the container for its memory. */
  oomKill(pod: PodName, container?: string): void {
    this.#guest(pod).run.container(container).kill('OOMKilled')
  }

  /** Somebody kills the container's process. */
  kill(pod: PodName, container?: string): void {
    this.#guest(pod).run.container(container).kill()
  }

  /** The node is short of something and ends the pod. */
  evict(pod: PodName, resource: 'memory' | 'ephemeral-storage' | 'pids' = 'memory'): void {
    const guest = this.#guest(pod)
    const message = `The node was low on resource: ${resource}. `
    this.#events.record(guest.pod, { type: 'Warning', reason: 'Evicted', message })
    const verdict = { reason: 'Evicted', message, disruption: { reason: 'TerminationByKubelet' } }
    guest.run.end({ by: 'verdict', verdict, graceSeconds: 1 })
  }

  /** The pod is gone from one moment to the next, object and processes, and nobody says why. */
  async vanish(pod: PodName): Promise<void> {
    const guest = this.#guest(pod)
    guest.run.end({ by: 'loss' })
    const path = podPath(guest.pod)
    await this.#api.patch(path, { metadata: { finalizers: null } })
    await this.#api.delete(path, { gracePeriodSeconds: 0 })
  }

  /** Pods that match are not looked at, as by a kubelet that hangs, until the returned function is called. */
  holdStart(matches: (pod: Pod) => boolean): Release {
    return this.#starts.close(matches)
  }

  /** Statuses that match come late: when the returned function is called. */
  holdStatus(matches: (pod: Pod, status: PodStatus) => boolean): Release {
    return this.#statuses.close(({ pod, status }) => matches(pod, status))
  }

  /** The control plane hears nothing from the node any more. Its pods run on, unless the machine itself is `dead`. */
  async lose({ dead = false } = {}): Promise<void> {
    if (this.#reconnect !== undefined) return
    this.#reconnect = this.#network.close(() => true)
    this.#heartbeat.silence()
    await this.#watch.stop()
    if (dead) this.#loseGuests()
  }

  /** The node is back, and does what it was told meanwhile. */
  async recover(): Promise<void> {
    this.#reconnect?.()
    this.#reconnect = undefined
    await this.#heartbeat.resume()
    this.#watch.start()
  }

  /** Ends every pod of the node without a word, and the node. */
  async stop(): Promise<void> {
    await Promise.all([this.#heartbeat.stop(), this.#watch.stop()])
    this.#loseGuests()
    this.#reconnect?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #loseGuests(): void {
    for (const { run } of this.#guests.values()) run.end({ by: 'loss' })
    this.#guests.clear()
  }

  #guest({ namespace, name }: PodName): Guest {
    const guest = [...this.#guests.values()].findLast(({ pod }) => podKey(pod) === `${namespace}/${name}`)
    if (guest === undefined) throw new Error(`node ${this.name} has no pod "${namespace}/${name}"`)
    return guest
  }

  #see(pod: Pod): void {
    const guest = this.#guests.get(pod.metadata.uid ?? '') ?? this.#welcome(pod)
    if (guest === undefined) return
    guest.pod = pod
    if (pod.metadata.deletionTimestamp === undefined) return
    guest.run.end({ by: 'deletion', graceSeconds: pod.metadata.deletionGracePeriodSeconds ?? 30 })
    if (guest.run.isOver) void this.#letGo(guest)
  }

  #welcome(pod: Pod): Guest | undefined {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return undefined
    const guest = this.#newGuest(pod)
    this.#guests.set(pod.metadata.uid ?? '', guest)
    // It ran here before the machine died: what became of its containers nobody knows.
    if (pod.status?.containerStatuses !== undefined && pod.spec.restartPolicy === 'Never')
      guest.run.end({ by: 'deletion', graceSeconds: 0 })
    void this.#host(guest)
    return guest
  }

  async #host(guest: Guest): Promise<void> {
    await guest.run.run()
    if (guest.pod.metadata.deletionTimestamp !== undefined) await this.#letGo(guest)
  }

  #newGuest(pod: Pod): Guest {
    const podIP = addressFor(pod.metadata.uid ?? '')
    const writer = new StatusWriter(this.#api, pod, async (status) => {
      await this.#statuses.pass(() => ({ pod, status: status() }))
      await this.#network.pass(() => null)
    })
    const surroundings = {
      pod,
      folder: join(this.#folder, pod.metadata.uid ?? ''),
      supervisor: this.#plane.supervisor,
      images: this.#images,
      references: new References(this.#api, pod, { hostIP: HOST_IP, podIP }),
      nodeEnv: this.#envOf(pod),
      retrySeconds: this.#retrySeconds,
      record: this.#events.record.bind(this.#events, pod),
    }
    const mayStart = () => this.#starts.pass(() => pod)
    return { pod, writer, run: new PodRun({ pod, writer, hostIP: HOST_IP, podIP, mayStart, surroundings }) }
  }

  #envOf(pod: Pod): ReadonlyMap<string, string> {
    const { hostname, port } = new URL(this.#plane.url)
    return new Map([
      ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ['HOSTNAME', pod.metadata.name],
      ['KUBERNETES_SERVICE_HOST', hostname],
      ['KUBERNETES_SERVICE_PORT', port],
    ])
  }

  /** Nothing of the pod runs any more: the API server may drop it. */
  async #letGo({ pod, writer }: Guest): Promise<void> {
    await writer.settled()
    await this.#network.pass(() => null)
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } }
    await until(`pod ${podKey(pod)} is dropped`, () => this.#drop(pod, options), { everyMs: 200 }).catch(
      () => undefined,
    )
  }

  async #drop(pod: Pod, options: unknown): Promise<boolean> {
    if (!this.#guests.has(pod.metadata.uid ?? '')) return true
    await this.#api.delete(podPath(pod), options)
    return true
  }

  /** The object is gone: whatever still runs of it goes too. */
  #forget(uid: string): void {
    this.#guests.get(uid)?.run.end({ by: 'loss' })
    this.#guests.delete(uid)
  }
}

function podPath(pod: Pod): string {
  return `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`
}
