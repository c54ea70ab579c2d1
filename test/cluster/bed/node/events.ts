// The events that a kubelet records about its pods. Like there, they are a best effort: what can not be written is dropped.

import { randomBytes } from 'node:crypto'
import type { Api } from '../api.ts'
import type { Pod } from './pod.ts'

export interface PodEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export class EventRecorder {
  readonly #api: Api
  readonly #node: string

  constructor(api: Api, node: string) {
    this.#api = api
    this.#node = node
  }

  record(pod: Pod, { type, reason, message }: PodEvent): void {
    const { namespace, name, uid } = pod.metadata
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const event = {
      metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
      source: { component: 'kubelet', host: this.#node },
      reportingComponent: 'kubelet',
      reportingInstance: this.#node,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      type,
      reason,
      message,
    }
    this.#api.create(`/api/v1/namespaces/${namespace}/events`, event).catch(() => undefined)
  }
}
