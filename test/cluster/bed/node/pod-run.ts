// The life of one pod on the node, from binding to its last status.
// 1. Volumes, then init containers one by one, then the containers side by side; the status follows every change.
// 2. A pod is ended once: by deletion, by its deadline or by eviction. SIGTERM, and after the grace time SIGKILL.
// 3. A terminal phase is told only when nothing of the pod runs any more.

import { setTimeout as sleep } from 'node:timers/promises'
import { Container, type Surroundings } from './container.ts'
import type { ContainerSpec, Pod, PodStatus } from './pod.ts'
import { MissingReference } from './references.ts'
import { type PodRecord, statusOf, type Verdict } from './status.ts'
import type { StatusWriter } from './status-writer.ts'
import { layOut, type Place } from './volumes.ts'

/** Why a pod is ended. `silent`: nobody is told, as when the machine lost its power. */
export type PodEnd =
  | { readonly by: 'deletion'; readonly graceSeconds: number }
  | { readonly by: 'verdict'; readonly verdict: Verdict; readonly graceSeconds: number }
  | { readonly by: 'loss' }

export interface PodRunParts {
  readonly pod: Pod
  readonly writer: StatusWriter
  readonly hostIP: string
  readonly podIP: string
  /** Resolves when nothing holds the pod back from being looked at. */
  readonly mayStart: () => Promise<void>
  readonly surroundings: Omit<Surroundings, 'ending' | 'changed' | 'volumes'>
}

const DEADLINE_MESSAGE = 'Pod was active on the node longer than the specified deadline'

export class PodRun {
  readonly #parts: PodRunParts
  readonly #abort = new AbortController()
  readonly #volumes = new Map<string, Place>()
  readonly #init: readonly Container[]
  readonly #main: readonly Container[]
  #startTime = now()
  #deadline = new AbortController()
  #deadlineSeconds: number | undefined
  #sandboxReady = false
  #isOver = false
  #end: PodEnd | undefined
  #status: PodStatus | undefined

  constructor(parts: PodRunParts) {
    this.#parts = parts
    const { initContainers = [], containers } = parts.pod.spec
    const around: Surroundings = {
      ...parts.surroundings,
      volumes: this.#volumes,
      ending: this.#abort.signal,
      changed: () => this.#report(),
    }
    const make = (spec: ContainerSpec) =>
      new Container(spec, around, initContainers.length > 0 ? 'PodInitializing' : 'ContainerCreating')
    this.#init = initContainers.map(make)
    this.#main = containers.map(make)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get containers(): readonly Container[] {
    return [...this.#main, ...this.#init]
  }

  /** By name, or the first one. */
  container(name?: string): Container {
    const all = this.containers
    const found = name === undefined ? all[0] : all.find(({ record }) => record.spec.name === name)
    if (found === undefined) throw new Error(`the pod has no container "${name}"`)
    return found
  }

  /** Resolves when the pod's last status is written (never a rejection: what fails is told in the status). */
  async run(): Promise<void> {
    await this.#parts.mayStart()
    this.#startTime = now()
    this.#report()
    this.keepDeadline(this.#parts.pod.spec.activeDeadlineSeconds)
    await this.#work()
    this.#deadline.abort()
    await this.#finish()
  }

  /** Ends the pod. Whatever ended it first stands, but a loss always takes everything down at once. */
  end(end: PodEnd): void {
    if (end.by === 'loss') {
      this.#parts.writer.close()
      for (const container of [...this.#init, ...this.#main]) container.destroy()
    }
    if (this.#end !== undefined || this.#isOver) return
    this.#end = end
    this.#abort.abort()
    if (end.by !== 'loss') void this.#stopContainers(end.graceSeconds)
  }

  /** The deadline of a pod that runs may be set, and shortened. */
  keepDeadline(seconds: number | undefined): void {
    if (seconds === undefined || seconds === this.#deadlineSeconds || this.#isOver) return
    this.#deadline.abort()
    this.#deadline = new AbortController()
    this.#deadlineSeconds = seconds
    this.#watchDeadline(seconds)
  }

  async #work(): Promise<void> {
    await this.#mountVolumes()
    for (const container of this.#init) {
      if (this.#abort.signal.aborted) return
      await container.run()
      if (container.record.state.terminated?.exitCode !== 0) return
    }
    if (!this.#abort.signal.aborted) await Promise.all(this.#main.map((container) => container.run()))
  }

  async #mountVolumes(): Promise<void> {
    const { pod, folder, references, record, retrySeconds } = this.#parts.surroundings
    for (const volume of pod.spec.volumes ?? []) {
      while (!this.#volumes.has(volume.name) && !this.#abort.signal.aborted) {
        try {
          this.#volumes.set(volume.name, await layOut(volume, references, `${folder}/volumes`))
        } catch (error) {
          if (!(error instanceof MissingReference)) throw error
          record({
            type: 'Warning',
            reason: 'FailedMount',
            message: `MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`,
          })
          await this.#pause(retrySeconds)
        }
      }
    }
    this.#sandboxReady = !this.#abort.signal.aborted
  }

  async #stopContainers(graceSeconds: number): Promise<void> {
    const running = () => [...this.#init, ...this.#main].filter((container) => container.isRunning)
    if (graceSeconds > 0) for (const container of running()) container.terminate()
    const deadline = Date.now() + graceSeconds * 1000
    while (!this.#isOver && Date.now() < deadline) await sleep(20)
    while (!this.#isOver && running().length > 0) {
      for (const container of running()) container.kill()
      await sleep(20)
    }
  }

  async #finish(): Promise<void> {
    if (this.#end !== undefined && this.#wasStarted()) for (const container of this.#main) container.markLost()
    this.#isOver = true
    if (this.#end?.by === 'loss') return
    this.#report()
    await this.#parts.writer.settled()
  }

  /** With init containers that never ended well, the others were never meant to run and stay as they are. */
  #wasStarted(): boolean {
    return this.#init.every(({ record }) => record.state.terminated?.exitCode === 0)
  }

  #watchDeadline(seconds: number): void {
    const { terminationGracePeriodSeconds = 30 } = this.#parts.pod.spec
    const strike = () => {
      this.#parts.surroundings.record({ type: 'Normal', reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE })
      const verdict = { reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE }
      this.end({ by: 'verdict', verdict, graceSeconds: terminationGracePeriodSeconds })
    }
    const left = Date.parse(this.#startTime) + seconds * 1000 - Date.now()
    sleep(Math.max(0, left), undefined, { signal: this.#deadline.signal }).then(strike, () => undefined)
  }

  #report(): void {
    const { hostIP, podIP, writer } = this.#parts
    const verdict = this.#end?.by === 'verdict' ? this.#end.verdict : undefined
    const record: PodRecord = {
      hostIP,
      podIP,
      startTime: this.#startTime,
      sandboxReady: this.#sandboxReady,
      init: this.#init.map((container) => container.record),
      main: this.#main.map((container) => container.record),
      isOver: this.#isOver,
      ...(verdict === undefined ? {} : { verdict }),
    }
    this.#status = statusOf(record, this.#status, now())
    writer.write(this.#status)
  }

  async #pause(seconds: number): Promise<void> {
    await sleep(seconds * 1000, undefined, { signal: this.#abort.signal }).catch(() => undefined)
  }
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}
