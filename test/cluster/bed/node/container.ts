// The life of one container of a pod: get the image, settle the configuration, run, and again where the restart policy says so.
// 1. Whatever can not be had yet is asked for again until it is there or the pod is ended.
// 2. A record is changed only through `change`, which writes the pod's status.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Supervisor } from '../supervised.ts'
import type { Environment } from './environment.ts'
import type { PodEvent } from './events.ts'
import type { Image, ImageStore } from './images.ts'
import { type Ended, type Launch, type Launched, launch } from './launch.ts'
import { launchOptions } from './launch-options.ts'
import type { ContainerSpec, ContainerState, Pod, Terminated } from './pod.ts'
import { MissingReference, type References } from './references.ts'
import type { ContainerRecord } from './status.ts'
import type { Place } from './volumes.ts'

/** What a container needs from its pod. */
export interface Surroundings {
  readonly pod: Pod
  readonly folder: string
  readonly supervisor: Supervisor
  readonly images: ImageStore
  readonly references: References
  readonly volumes: ReadonlyMap<string, Place>
  /** Environment that the node gives to every container. */
  readonly nodeEnv: Environment
  readonly retrySeconds: number
  /** Aborted when the pod is being ended. */
  readonly ending: AbortSignal
  readonly changed: () => void
  readonly record: (event: PodEvent) => void
}

const MESSAGE_LIMIT = 4096
const LOG_MESSAGE_LIMIT = 2048

export class Container {
  readonly #around: Surroundings
  #record: ContainerRecord
  #launched: Launched | undefined
  #killedFor: string | undefined

  constructor(spec: ContainerSpec, around: Surroundings, waitingFor: string) {
    this.#around = around
    this.#record = { spec, state: { waiting: { reason: waitingFor } }, lastState: {}, restartCount: 0 }
  }

  get record(): ContainerRecord {
    return this.#record
  }

  get isRunning(): boolean {
    return this.#record.state.running !== undefined
  }

  /** Undefined before its first start. */
  get logFile(): string | undefined {
    return this.#launched?.logFile
  }

  /** Runs until the container needs no other run. Ends early, without having run, when the pod is ended before. */
  async run(): Promise<void> {
    for (;;) {
      const ended = await this.#runOnce()
      if (ended === undefined || this.#around.ending.aborted || !this.#mustRestart(ended.exitCode)) return
      await this.#backOff()
    }
  }

  /** SIGTERM to the container's first process. */
  terminate(): void {
    if (!this.isRunning) return
    this.#around.record({ type: 'Normal', reason: 'Killing', message: `Stopping container ${this.#record.spec.name}` })
    this.#launched?.process.signal('SIGTERM', 'init')
  }

  /** SIGKILL to everything in it; `reason` is what the status then says (OOMKilled …). */
  kill(reason?: string): void {
    this.#killedFor = reason
    this.#launched?.process.signal('SIGKILL', 'init')
  }

  /** Ends it for good, from outside. */
  destroy(): void {
    this.#launched?.process.signal('SIGKILL')
  }

  /** The pod is over and this container never ran to an end that anybody saw. */
  markLost(): void {
    if (this.#record.state.terminated !== undefined) return
    const message = 'The container could not be located when the pod was terminated'
    this.#change({
      terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message, startedAt: null, finishedAt: null },
    })
  }

  async #runOnce(): Promise<Terminated | undefined> {
    const image = await this.#pulled()
    const options = image && (await this.#configured(image))
    if (options === undefined) return undefined
    const { name } = this.#record.spec
    this.#killedFor = undefined
    this.#around.record({ type: 'Normal', reason: 'Created', message: `Created container: ${name}` })
    const launched = await launch(this.#around.supervisor, options)
    this.#launched = launched
    const startedAt = now()
    const containerID = `process://${options.id}`
    await launched.started
    if (launched.process.ending === undefined) {
      this.#around.record({ type: 'Normal', reason: 'Started', message: `Started container ${name}` })
      this.#change({ running: { startedAt } }, { containerID })
      // The pod may have been ended while the container was on its way.
      if (this.#around.ending.aborted) this.terminate()
    }
    const terminated = { ...this.#endOf(await launched.ended, launched), startedAt, containerID }
    this.#change({ terminated }, { containerID })
    return terminated
  }

  /** Undefined when the pod is ended first. */
  async #pulled(): Promise<Image | undefined> {
    const { images, record } = this.#around
    const { image } = this.#record.spec
    let tries = 0
    while (!this.#around.ending.aborted) {
      const fault = images.fault(image)
      if (fault === undefined) {
        record({ type: 'Normal', reason: 'Pulled', message: `Container image "${image}" already present on machine` })
        return images.get(image)
      }
      const isBackOff = fault.reason === 'ErrImagePull' && tries % 2 === 1
      if (isBackOff) {
        record({ type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${image}"` })
        this.#wait('ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${fault.message}`)
      } else {
        record({ type: 'Warning', reason: 'Failed', message: `Failed to pull image "${image}": ${fault.message}` })
        this.#wait(fault.reason, fault.message)
      }
      record({ type: 'Warning', reason: 'Failed', message: `Error: ${isBackOff ? 'ImagePullBackOff' : fault.reason}` })
      tries += 1
      await this.#pause()
    }
  }

  async #configured(image: Image): Promise<Launch | undefined> {
    while (!this.#around.ending.aborted) {
      try {
        return await launchOptions(this.#record, image, this.#around)
      } catch (error) {
        if (!(error instanceof MissingReference)) throw error
        this.#around.record({ type: 'Warning', reason: 'Failed', message: `Error: ${error.message}` })
        this.#wait(error.reason, error.message)
        await this.#pause()
      }
    }
  }

  #endOf({ exitCode, startError }: Ended, { messageFile, logFile }: Launched): Terminated {
    const finishedAt = now()
    if (startError !== undefined)
      return { exitCode, reason: 'StartError', message: startError, startedAt: null, finishedAt }
    const reason = this.#killedFor ?? (exitCode === 0 ? 'Completed' : 'Error')
    const written = tail(messageFile, MESSAGE_LIMIT)
    const usesLog =
      written === '' && exitCode !== 0 && this.#record.spec.terminationMessagePolicy === 'FallbackToLogsOnError'
    const message = usesLog ? tail(logFile, LOG_MESSAGE_LIMIT) : written
    return { exitCode, reason, ...(message === '' ? {} : { message }), startedAt: null, finishedAt }
  }

  #mustRestart(exitCode: number): boolean {
    const policy = this.#around.pod.spec.restartPolicy ?? 'Always'
    return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
  }

  async #backOff(): Promise<void> {
    const { spec, state, restartCount } = this.#record
    const message = `back-off restarting failed container ${spec.name} in pod ${this.#around.pod.metadata.name}`
    this.#around.record({
      type: 'Warning',
      reason: 'BackOff',
      message: `Back-off restarting failed container ${spec.name}`,
    })
    this.#change(
      { waiting: { reason: 'CrashLoopBackOff', message } },
      { lastState: state, restartCount: restartCount + 1 },
    )
    await this.#pause()
  }

  #wait(reason: string, message: string): void {
    this.#change({ waiting: { reason, message } })
  }

  #change(state: ContainerState, more: Partial<ContainerRecord> = {}): void {
    this.#record = { ...this.#record, ...more, state }
    this.#around.changed()
  }

  async #pause(): Promise<void> {
    const { retrySeconds, ending } = this.#around
    await sleep(retrySeconds * 1000, undefined, { signal: ending }).catch(() => undefined)
  }
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}

/** The last bytes of a file, as a kubelet reads messages. */
function tail(file: string, limit: number): string {
  const content = readFileSync(file)
  return content.subarray(Math.max(0, content.length - limit)).toString('utf8')
}
