// The pods on a process node: begun when they are bound to it, ended when they are deleted, dropped when nothing of them runs.

import { join } from 'node:path'
import type { Api } from '../api.ts'
import type { Supervisor } from '../supervised.ts'
import { until } from '../wait.ts'
import type { Environment } from './environment.ts'
import type { EventRecorder } from './events.ts'
import { Holds } from './holds.ts'
import type { ImageStore } from './images.ts'
import type { ContainerLog } from './log-server.ts'
import { type Pod, type PodStatus, podKey } from './pod.ts'
import { PodRun } from './pod-run.ts'
import { addressFor, References } from './references.ts'
import { StatusWriter } from './status-writer.ts'

export interface Guest {
  pod: Pod
  readonly run: PodRun
  readonly writer: StatusWriter
}

export interface GuestsParts {
  readonly api: Api
  readonly supervisor: Supervisor
  readonly folder: string
  readonly images: ImageStore
  readonly events: EventRecorder
  readonly hostIP: string
  readonly retrySeconds: number
  /** Environment of every container, besides HOSTNAME. */
  readonly env: Environment
}

export class Guests {
  /** Gates that faults close: before a pod is looked at, before a status is written, before anything is said at all. */
  readonly starts = new Holds<Pod>()
  readonly statuses = new Holds<{ pod: Pod; status: PodStatus }>()
  readonly network = new Holds<null>()
  readonly #parts: GuestsParts
  readonly #guests = new Map<string, Guest>()
  #isStopped = false

  constructor(parts: GuestsParts) {
    this.#parts = parts
  }

  find({ namespace, name }: { namespace?: string; name: string }): Guest {
    const guest = [...this.#guests.values()].findLast(({ pod }) => podKey(pod) === `${namespace}/${name}`)
    if (guest === undefined) throw new Error(`the node has no pod "${namespace}/${name}"`)
    return guest
  }

  /** Undefined where there is no such pod, or its container has not been started. */
  log(pod: { namespace: string; name: string }, container: string): ContainerLog | undefined {
    const guest = [...this.#guests.values()].findLast((one) => podKey(one.pod) === podKey({ metadata: pod }))
    const found = guest?.run.containers.find(({ record }) => record.spec.name === container)
    return found?.logFile === undefined ? undefined : { file: found.logFile, isOpen: found.isRunning }
  }

  see(pod: Pod): void {
    const guest = this.#guests.get(pod.metadata.uid ?? '') ?? this.#welcome(pod)
    if (guest === undefined) return
    guest.pod = pod
    guest.run.keepDeadline(pod.spec.activeDeadlineSeconds)
    if (pod.metadata.deletionTimestamp === undefined) return
    guest.run.end({ by: 'deletion', graceSeconds: pod.metadata.deletionGracePeriodSeconds ?? 30 })
    if (guest.run.isOver) void this.#letGo(guest)
  }

  /** The object is gone: whatever still runs of it goes too. */
  forget(uid: string): void {
    this.#guests.get(uid)?.run.end({ by: 'loss' })
    this.#guests.delete(uid)
  }

  /** For good: what is under way may fail unheard. */
  stop(): void {
    this.#isStopped = true
    this.loseAll()
  }

  loseAll(): void {
    for (const uid of [...this.#guests.keys()]) this.forget(uid)
  }

  #welcome(pod: Pod): Guest | undefined {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return undefined
    const guest = this.#newGuest(pod)
    this.#guests.set(pod.metadata.uid ?? '', guest)
    if (hasRun(pod) && pod.spec.restartPolicy === 'Never') guest.run.end({ by: 'deletion', graceSeconds: 0 })
    void this.#host(guest)
    return guest
  }

  async #host(guest: Guest): Promise<void> {
    try {
      await guest.run.run()
    } catch (error) {
      // What was under way when the node ended may fail in any way.
      if (!this.#isStopped) throw error
    }
    if (guest.pod.metadata.deletionTimestamp !== undefined) await this.#letGo(guest)
  }

  #newGuest(pod: Pod): Guest {
    const podIP = addressFor(pod.metadata.uid ?? '')
    const writer = new StatusWriter(this.#parts.api, pod, async (status) => {
      await this.statuses.pass(() => ({ pod, status: status() }))
      await this.network.pass(() => null)
    })
    const { supervisor, folder, images, events, env, hostIP, retrySeconds } = this.#parts
    const surroundings = {
      pod,
      folder: join(folder, pod.metadata.uid ?? ''),
      supervisor,
      images,
      references: new References(this.#parts.api, pod, { hostIP, podIP }),
      nodeEnv: new Map([...env, ['HOSTNAME', pod.metadata.name]]),
      retrySeconds,
      record: events.record.bind(events, pod),
    }
    const mayStart = () => this.starts.pass(() => pod)
    return { pod, writer, run: new PodRun({ pod, writer, hostIP, podIP, mayStart, surroundings }) }
  }

  /** Nothing of the pod runs any more: the API server may drop it. */
  async #letGo({ pod, writer }: Guest): Promise<void> {
    await writer.settled()
    await this.network.pass(() => null)
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } }
    await until(`pod ${podKey(pod)} is dropped`, () => this.#drop(pod, options), { everyMs: 200 }).catch(
      () => undefined,
    )
  }

  async #drop(pod: Pod, options: unknown): Promise<boolean> {
    if (!this.#guests.has(pod.metadata.uid ?? '')) return true
    await this.#parts.api.delete(podPath(pod), options)
    return true
  }
}

/** It ran here before the machine died: what became of its containers nobody knows. */
function hasRun({ status }: Pod): boolean {
  return status?.containerStatuses?.some(({ state }) => state.waiting === undefined) ?? false
}

export function podPath(pod: Pod): string {
  return `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`
}
