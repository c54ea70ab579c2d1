// A namespace of a real node where runs go on: its volume, its storages, and what is seen of its runs.
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { API_VERSION, type RunStatus, type WorkerPoolStatus } from '../../../src/manifest/index.ts'
import { type Api, type Kube, type Pod, until } from '../../cluster/bed/index.ts'
import { pause } from '../../cluster/bed/wait.ts'
import type { Manifest } from '../../cluster/support/cluster.ts'
import { REPOSITORY } from '../bed/buildah.ts'
import { findKubectl } from '../bed/kubectl.ts'
import type { RealNode } from '../bed/real-node.ts'

export const NAMESPACE = 'etl'
const RUNS = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/etlruns`
const POOLS = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/etlworkerpools`

type Run = Kube & { status?: RunStatus }

/** A run's end, and every phase that was seen on the way, in order. */
export interface Told {
  readonly status: RunStatus
  /** From its start on: a run that is applied before its pipeline or storage waits for them. */
  readonly phases: readonly string[]
}

export class Etl {
  readonly lake: string
  readonly #node: RealNode
  readonly #phases = new Map<string, string[]>()
  readonly #statuses = new Map<string, RunStatus>()
  readonly #stop = new AbortController()
  #version = ''

  /** The namespace takes restricted pods only. Its volume is a folder of the node. */
  static async make(node: RealNode): Promise<Etl> {
    const { api } = node.plane
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } })
    const lake = join(node.folder, 'lake')
    for (const folder of [lake, join(lake, 'tables')]) {
      mkdirSync(folder)
      chmodSync(folder, 0o777)
    }
    await api.create('/api/v1/persistentvolumes', {
      metadata: { name: 'lake' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: lake },
      },
    })
    return new Etl(node, lake)
  }

  private constructor(node: RealNode, lake: string) {
    this.#node = node
    this.lake = lake
  }

  get api(): Api {
    return this.#node.plane.api
  }

  /** Notes every phase of every run from now on; goes on where it was when the server ends a watch. */
  watch(): void {
    const { signal } = this.#stop
    const take = ({ type, object }: { type: string; object: Run }) => {
      if (type !== 'ERROR') this.#take(object)
      this.#version = type === 'ERROR' ? '' : (object.metadata.resourceVersion ?? '')
    }
    const watchOn = async () => {
      while (!signal.aborted)
        await this.api
          .watch<Run>(`${RUNS}?watch=true&resourceVersion=${this.#version}`, take, signal)
          .catch(() => pause(100))
    }
    void watchOn()
  }

  stop(): void {
    this.#stop.abort()
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const where = ['--kubeconfig', this.#node.plane.kubeconfig, '--namespace', NAMESPACE]
    return (await promisify(execFile)(await findKubectl(), [...where, ...args], { cwd: REPOSITORY })).stdout
  }

  async apply({ kind, ...manifest }: Manifest): Promise<void> {
    const path = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${kind.toLowerCase()}s/${manifest.metadata.name}`
    const body = { apiVersion: API_VERSION, kind, ...manifest }
    await this.api.patch(`${path}?fieldManager=test&force=true`, body, 'apply')
  }

  /** Waits until the run's status is as wanted. */
  async runIs(name: string, what: string, wanted: (status: RunStatus) => boolean): Promise<RunStatus> {
    const seen = () => this.#statuses.get(name)
    try {
      await until(`run ${name} ${what}`, () => wanted(seen() ?? {}), { seconds: 240, seen })
    } catch (thrown) {
      throw new Error(`${String(thrown)}\n${await this.#diagnosis(name)}`, { cause: thrown })
    }
    return seen() ?? {}
  }

  /** Who leads, what the operators said last, and how the run's pods are. */
  async #diagnosis(run: string): Promise<string> {
    const path = '/api/v1/namespaces/loom-system/pods'
    const logs = (await this.api.list<Pod>(path)).map(async ({ metadata, status }) => {
      const log = await this.api.text(`${path}/${metadata.name}/log?tailLines=15`).catch(String)
      return `${metadata.name} ${status?.phase} ${metadata.deletionTimestamp ?? ''}\n${log}`
    })
    const pods = (await this.pods(run)).map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`)
    const lease = await this.api.find('/apis/coordination.k8s.io/v1/namespaces/loom-system/leases/loom-operator')
    return [JSON.stringify(lease?.['spec']), ...(await Promise.all(logs)), ...pods].join('\n')
  }

  async ends(name: string): Promise<Told> {
    const status = await this.runIs(name, 'ends', ({ finishedAt }) => finishedAt !== undefined)
    const phases = this.#phases.get(name) ?? []
    return { status, phases: phases[0] === 'Pending' ? phases.slice(1) : phases }
  }

  /** Waits until the pool's status is as wanted. */
  async poolIs(name: string, what: string, wanted: (status: WorkerPoolStatus) => boolean): Promise<void> {
    let last: WorkerPoolStatus = {}
    const isSo = async () => {
      last = (await this.api.get<Kube & { status?: WorkerPoolStatus }>(`${POOLS}/${name}`)).status ?? {}
      return wanted(last)
    }
    await until(`pool ${name} ${what}`, isSo, { seconds: 240, seen: () => last })
  }

  /** Waits for a pod of the run whose container runs. */
  async runningPod(run: string): Promise<Pod> {
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=loom.etl/run=${run}`
    const running = async () => (await this.api.list<Pod>(path)).find(({ status }) => status?.phase === 'Running')
    return await until(`run ${run} has a running pod`, running, { seconds: 120 })
  }

  async pods(run: string): Promise<readonly Pod[]> {
    return await this.api.list<Pod>(`/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=loom.etl/run=${run}`)
  }

  #take({ metadata, status = {} }: Run): void {
    const phases = this.#phases.get(metadata.name) ?? []
    if (status.phase !== undefined && phases.at(-1) !== status.phase) phases.push(status.phase)
    this.#phases.set(metadata.name, phases)
    this.#statuses.set(metadata.name, status)
  }
}
