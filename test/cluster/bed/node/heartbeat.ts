// The Node object of a process node and the Lease that tells the control plane that it lives.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../api.ts'

export interface NodeIdentity {
  readonly name: string
  readonly hostIP: string
  readonly labels: Readonly<Record<string, string>>
  /** What the scheduler may give away: cpu, memory, pods, ephemeral-storage. */
  readonly capacity: Readonly<Record<string, string>>
  /** Where the API server finds the logs. */
  readonly logPort: number
}

export class Heartbeat {
  readonly #api: Api
  readonly #seconds: number
  readonly #stop = new AbortController()
  #identity: NodeIdentity | undefined
  #isSilent = false
  #loop: Promise<void> = Promise.resolve()

  /** Beats every `seconds`. */
  constructor(api: Api, seconds: number) {
    this.#api = api
    this.#seconds = seconds
  }

  async start(identity: NodeIdentity): Promise<void> {
    this.#identity = identity
    const { name, labels } = identity
    const metadata = { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels } }
    await this.#api.create('/api/v1/nodes', { metadata, spec: {} })
    await this.#beat()
    this.#loop = this.#keepBeating()
  }

  /** From now on the control plane hears nothing. */
  silence(): void {
    this.#isSilent = true
  }

  async resume(): Promise<void> {
    this.#isSilent = false
    await this.#beat()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#loop
  }

  async #keepBeating(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(this.#seconds * 1000, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      if (this.#isSilent || this.#stop.signal.aborted) continue
      // While the API server is away there is nobody to tell; the next beat may reach it.
      await this.#beat().catch(() => undefined)
    }
  }

  async #beat(): Promise<void> {
    const identity = this.#identity
    if (identity !== undefined) await Promise.all([this.#renewLease(identity), this.#writeStatus(identity)])
  }

  async #renewLease({ name }: NodeIdentity): Promise<void> {
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: 40,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    }
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec }
    await this.#api.patch(`${path}/${name}?fieldManager=kubelet&force=true`, lease, 'apply')
  }

  async #writeStatus({ name, hostIP, capacity, logPort }: NodeIdentity): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const condition = (type: string, status: 'True' | 'False', reason: string) => ({
      type,
      status,
      reason,
      lastHeartbeatTime: now,
    })
    const status = {
      capacity,
      allocatable: capacity,
      addresses: [{ type: 'InternalIP', address: hostIP }],
      daemonEndpoints: { kubeletEndpoint: { Port: logPort } },
      nodeInfo: NODE_INFO,
      conditions: [
        condition('Ready', 'True', 'KubeletReady'),
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
      ],
    }
    await this.#api.patch(`/api/v1/nodes/${name}/status`, { status }, 'strategic-merge')
  }
}

const NODE_INFO = {
  machineID: '',
  systemUUID: '',
  bootID: '',
  kernelVersion: '',
  osImage: 'process node',
  containerRuntimeVersion: 'process://1',
  kubeletVersion: 'v1.34.4-process-node',
  kubeProxyVersion: '',
  operatingSystem: 'linux',
  architecture: process.arch === 'x64' ? 'amd64' : process.arch,
}
