// A process node: it registers a Node with a control plane and runs the pods that are bound to it as processes of this machine,
// writing what a kubelet would write. Faults happen on request only.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Api } from '../api.ts'
import type { ControlPlane } from '../control-plane.ts'
import { until } from '../wait.ts'
import type { Environment } from './environment.ts'
import { EventRecorder } from './events.ts'
import { Guests, podPath } from './guests.ts'
import { Heartbeat, type NodeIdentity } from './heartbeat.ts'
import type { Release } from './holds.ts'
import { type ImageFault, ImageStore, type Images } from './images.ts'
import { LogServer } from './log-server.ts'
import type { Pod, PodStatus } from './pod.ts'
import { PodWatch } from './pod-watch.ts'

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
  readonly namespace?: string
  readonly name: string
}

const HOST_IP = '127.0.0.1'
const CAPACITY = { cpu: '64', memory: '256Gi', pods: '5000', 'ephemeral-storage': '100Gi' }

/** Starts a node and waits until the scheduler may use it. */
export async function startProcessNode(plane: ControlPlane, options: ProcessNodeOptions = {}): Promise<ProcessNode> {
  if (process.getuid?.() !== 0)
    throw new Error('cannot start a process node: mounting for containers needs root; run as root, or with sudo')
  const node = new ProcessNode(plane, options)
  plane.stopFirst(() => node.stop())
  await node.start()
  return node
}

export class ProcessNode implements AsyncDisposable {
  readonly name: string
  readonly #api: Api
  readonly #images: ImageStore
  readonly #events: EventRecorder
  readonly #identity: Omit<NodeIdentity, 'logPort'>
  readonly #heartbeat: Heartbeat
  readonly #logs: LogServer
  readonly #watch: PodWatch
  readonly #guests: Guests
  #reconnect: Release | undefined

  constructor(plane: ControlPlane, options: ProcessNodeOptions) {
    this.name = options.name ?? `process-${randomBytes(3).toString('hex')}`
    this.#api = plane.nodes.api
    this.#images = new ImageStore(options.images ?? {})
    this.#events = new EventRecorder(this.#api, this.name)
    const capacity = { ...CAPACITY, ...options.capacity }
    this.#identity = { name: this.name, hostIP: HOST_IP, labels: options.labels ?? {}, capacity }
    this.#heartbeat = new Heartbeat(this.#api, plane.heartbeatSeconds)
    const guests = new Guests({
      api: this.#api,
      supervisor: plane.supervisor,
      folder: join(plane.folder, this.name),
      images: this.#images,
      events: this.#events,
      hostIP: HOST_IP,
      retrySeconds: options.retrySeconds ?? 0.5,
      env: environmentOn(plane),
    })
    this.#guests = guests
    this.#logs = new LogServer(plane.serverCertificate, (pod, container) => guests.log(pod, container))
    this.#watch = new PodWatch(this.#api, this.name, {
      seen: (pod) => guests.see(pod),
      gone: (uid) => guests.forget(uid),
    })
  }

  async start(): Promise<void> {
    await this.#heartbeat.start({ ...this.#identity, logPort: await this.#logs.start() })
    this.#watch.start()
    const path = `/api/v1/nodes/${this.name}`
    const isFree = async () =>
      ((await this.#api.get<{ spec: { taints?: unknown[] } }>(path)).spec.taints ?? []).length === 0
    await until(`node ${this.name} may be scheduled on`, isFree)
  }

  /** What the container (the first one, unless named) has written so far. */
  log(pod: PodName, container?: string): string {
    const file = this.#guests.find(pod).run.container(container).logFile
    return file === undefined ? '' : readFileSync(file, 'utf8')
  }

  // Faults. Each is what the pod's owner sees when the thing really happens.

  /** The image can not be had, until the returned function is called. */
  failImage(image: string, fault?: Partial<ImageFault>): Release {
    return this.#images.fail(image, fault)
  }

  /** The kernel kills the container for its memory. */
  oomKill(pod: PodName, container?: string): void {
    this.#guests.find(pod).run.container(container).kill('OOMKilled')
  }

  /** Somebody kills the container's process. */
  kill(pod: PodName, container?: string): void {
    this.#guests.find(pod).run.container(container).kill()
  }

  /** The node is short of something and ends the pod. */
  evict(pod: PodName, resource: 'memory' | 'ephemeral-storage' | 'pids' = 'memory'): void {
    const guest = this.#guests.find(pod)
    const message = `The node was low on resource: ${resource}. `
    this.#events.record(guest.pod, { type: 'Warning', reason: 'Evicted', message })
    const verdict = { reason: 'Evicted', message, disruption: { reason: 'TerminationByKubelet' } }
    guest.run.end({ by: 'verdict', verdict, graceSeconds: 1 })
  }

  /**
   * The pod is gone from one moment to the next, object and processes, and nobody says why. Its finalizers go with it, so that a
   * Job makes another pod without counting this one, whatever its backoffLimit.
   */
  async vanish(pod: PodName): Promise<void> {
    const guest = this.#guests.find(pod)
    guest.run.end({ by: 'loss' })
    const path = podPath(guest.pod)
    await this.#api.patch(path, { metadata: { finalizers: null } })
    await this.#api.delete(path, { gracePeriodSeconds: 0 })
  }

  /** Pods that match are not looked at, as by a kubelet that hangs, until the returned function is called. */
  holdStart(matches: (pod: Pod) => boolean): Release {
    return this.#guests.starts.close(matches)
  }

  /** Statuses that match come late: when the returned function is called. */
  holdStatus(matches: (pod: Pod, status: PodStatus) => boolean): Release {
    return this.#guests.statuses.close(({ pod, status }) => matches(pod, status))
  }

  /** The control plane hears nothing from the node any more. Its pods run on, unless the machine itself is `dead`. */
  async lose({ dead = false } = {}): Promise<void> {
    if (this.#reconnect !== undefined) return
    this.#reconnect = this.#guests.network.close(() => true)
    this.#heartbeat.silence()
    await this.#watch.stop()
    if (dead) this.#guests.loseAll()
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
    this.#guests.stop()
    await Promise.all([this.#heartbeat.stop(), this.#watch.stop(), this.#logs.stop()])
    this.#reconnect?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** In-cluster clients find the API server by these. */
function environmentOn(plane: ControlPlane): Environment {
  const { hostname, port } = new URL(plane.url)
  return new Map([
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['KUBERNETES_SERVICE_HOST', hostname],
    ['KUBERNETES_SERVICE_PORT', port],
  ])
}
