// Brings a pod's status to the API server: the latest one, never an older one after it, over whatever outage.

import { type Api, ApiError } from '../api.ts'
import { pause } from '../wait.ts'
import type { Pod, PodStatus } from './pod.ts'

export class StatusWriter {
  readonly #api: Api
  readonly #pod: Pod
  readonly #mayWrite: (status: PodStatus) => Promise<void>
  #wanted: PodStatus | undefined
  #written: PodStatus | undefined
  #loop: Promise<void> | undefined
  #isClosed = false

  /** `mayWrite` resolves when nothing holds the write back any more; it is asked again before each one. */
  constructor(api: Api, pod: Pod, mayWrite: (status: () => PodStatus) => Promise<void>) {
    this.#api = api
    this.#pod = pod
    this.#mayWrite = (first) => mayWrite(() => this.#wanted ?? first)
  }

  /** The status asked for last. */
  get latest(): PodStatus | undefined {
    return this.#wanted
  }

  write(status: PodStatus): void {
    this.#wanted = status
    this.#loop ??= this.#writeAll().finally(() => {
      this.#loop = undefined
    })
  }

  /** Resolves when the latest status is written, or never will be. */
  async settled(): Promise<void> {
    await this.#loop
  }

  /** Writes no more. */
  close(): void {
    this.#isClosed = true
  }

  async #writeAll(): Promise<void> {
    while (!this.#isClosed && this.#wanted !== undefined && this.#wanted !== this.#written) {
      await this.#mayWrite(this.#wanted)
      const status = this.#wanted
      if (this.#isClosed || !(await this.#writeOnce(status))) return
      this.#written = status
    }
  }

  /** False when the pod is no more. */
  async #writeOnce(status: PodStatus): Promise<boolean> {
    const { namespace, name, uid } = this.#pod.metadata
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`
    while (!this.#isClosed) {
      try {
        // The uid makes the server refuse a namesake.
        await this.#api.patch(path, { metadata: { uid }, status }, 'strategic-merge')
        return true
      } catch (error) {
        if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return false
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error
        await pause(100)
      }
    }
    return false
  }
}
