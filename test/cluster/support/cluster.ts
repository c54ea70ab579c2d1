// A control plane with the CRDs, a process node that knows the image `loom:dev`, and operators as processes: what the
// operator's cluster tests start from. Whatever goes wrong on the way, nothing is left behind.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { API_VERSION, type RunStatus, renderCrds } from '../../../src/manifest/index.ts'
import {
  ApiError,
  type ControlPlane,
  type ControlPlaneOptions,
  type Kube,
  type Pod,
  type ProcessNode,
  startControlPlane,
  startProcessNode,
  until,
} from '../bed/index.ts'
import { IMAGES } from './images.ts'
import { OperatorProcess, REPOSITORY } from './operator-process.ts'
import { makeLake, storageIn } from './storages.ts'

const API = `/apis/${API_VERSION}`
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string; [field: string]: unknown }
  spec: Record<string, unknown>
}

export type Run = Kube & { spec: Record<string, unknown>; status?: RunStatus }

export class Cluster implements AsyncDisposable {
  readonly plane: ControlPlane
  readonly node: ProcessNode
  /** Host folder that step pods see at /lake. */
  readonly lake: string
  readonly #operators: OperatorProcess[] = []

  private constructor(plane: ControlPlane, node: ProcessNode, lake: string) {
    this.plane = plane
    this.node = node
    this.lake = lake
  }

  /** With CRDs served (unless told otherwise), a node, and no operator. */
  static async start(options: ControlPlaneOptions = {}, { crds = true } = {}): Promise<Cluster> {
    const plane = await startControlPlane(options)
    try {
      const node = await startProcessNode(plane, { images: IMAGES })
      if (crds) await installCrds(plane)
      return new Cluster(plane, node, makeLake(plane.folder, 'lake'))
    } catch (thrown) {
      await plane.stop()
      throw thrown
    }
  }

  /** One more host folder for tables, reports and temps. */
  makeLake(name: string): string {
    return makeLake(this.plane.folder, name)
  }

  /** Starts an operator, the first one or one more. */
  startOperator({
    kubeconfig = this.plane.kubeconfig,
    flags = [],
  }: {
    kubeconfig?: string
    flags?: readonly string[]
  } = {}): OperatorProcess {
    const operator = new OperatorProcess(kubeconfig, flags)
    this.#operators.push(operator)
    return operator
  }

  async apply(manifest: Manifest): Promise<Kube> {
    return await this.plane.api.create(pathOf(manifest.kind, manifest.metadata.namespace), {
      apiVersion: API_VERSION,
      ...manifest,
    })
  }

  async patchRun(name: string, spec: object, namespace?: string): Promise<void> {
    await this.plane.api.patch(`${pathOf('ETLRun', namespace)}/${name}`, { spec })
  }

  async patchPipeline(name: string, spec: object): Promise<void> {
    await this.plane.api.patch(`${pathOf('ETLPipeline')}/${name}`, { spec })
  }

  async deleteRun(name: string): Promise<void> {
    await this.plane.api.delete(`${pathOf('ETLRun')}/${name}`)
  }

  async run(name: string, namespace?: string): Promise<Run | undefined> {
    return await this.plane.api.find<Run>(`${pathOf('ETLRun', namespace)}/${name}`)
  }

  /** Waits until the run's status is as wanted; says what it was and what the operator said if it never is. */
  async runIs(
    name: string,
    what: string,
    wanted: (status: RunStatus) => boolean,
    { seconds = 60, namespace }: { seconds?: number; namespace?: string } = {},
  ): Promise<RunStatus> {
    let last: RunStatus = {}
    const isSo = async () => {
      last = (await this.run(name, namespace))?.status ?? {}
      return wanted(last)
    }
    try {
      await until(`run ${name} ${what}`, isSo, { seconds })
    } catch (cause) {
      const said = this.#operators.map(({ log }) => log.slice(-3000)).join('\n')
      throw new Error(`run ${name} is never so: ${what}; it is ${JSON.stringify(last)}; said:\n${said}`, { cause })
    }
    return last
  }

  /** Waits until the run has ended, however. */
  async ends(name: string, place: { seconds?: number; namespace?: string } = {}): Promise<RunStatus> {
    return await this.runIs(name, 'ends', ({ finishedAt }) => finishedAt !== undefined, place)
  }

  /** Stops the run for good, so that it troubles no other test. */
  async cancel(name: string): Promise<RunStatus> {
    await this.patchRun(name, { cancel: true })
    const status = await this.ends(name)
    if (status.phase !== 'Cancelled') throw new Error(`run ${name} was cancelled and is ${status.phase}`)
    return status
  }

  /** Waits for an event of that reason about the run. @returns its note */
  async tells(run: string, reason: string, namespace = 'default'): Promise<string> {
    let told: readonly { reason: string; note?: string; regarding: { name: string } }[] = []
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events?fieldSelector=regarding.kind=ETLRun`
    const found = await until(
      `an event tells ${reason} of run ${run}`,
      async () => {
        const events = await this.plane.api.list<(typeof told)[number]>(path)
        told = events.filter(({ regarding }) => regarding.name === run)
        return told.find((event) => event.reason === reason)
      },
      { seen: () => told },
    )
    return found.note ?? ''
  }

  async jobs(run: string, namespace = 'default'): Promise<readonly Kube[]> {
    return await this.plane.api.list(`/apis/batch/v1/namespaces/${namespace}/jobs?labelSelector=loom.etl/run=${run}`)
  }

  async pods(run: string, namespace = 'default'): Promise<readonly Pod[]> {
    return await this.plane.api.list<Pod>(`/api/v1/namespaces/${namespace}/pods?labelSelector=loom.etl/run=${run}`)
  }

  /** Waits for a pod of the run. */
  async pod(run: string, wanted: (pod: Pod) => boolean = () => true, namespace?: string): Promise<Pod> {
    const find = async () => (await this.pods(run, namespace)).find(wanted)
    return await until(`run ${run} has such a pod`, find)
  }

  /** Waits for a (further) pod of the run that has said so: before its step has begun, nobody in it hears SIGTERM. */
  async begun(
    run: string,
    { not, says = 'step starts', namespace }: { not?: string | undefined; says?: string; namespace?: string } = {},
  ): Promise<Pod> {
    const hasSaid = ({ metadata, status }: Pod) =>
      status?.phase === 'Running' &&
      metadata.uid !== not &&
      this.node.log({ name: metadata.name, namespace: metadata.namespace ?? 'default' }).includes(says)
    return await this.pod(run, hasSaid, namespace)
  }

  /** A storage whose tables lie in the lake, seen by pods at `mount`. */
  storage(pods: Record<string, unknown> = {}, mount?: string): Manifest {
    return storageIn(this.lake, pods, mount)
  }

  /** A namespace with the storage `default`, in which pods can be made. */
  async makeNamespace(name: string, labels: Record<string, string> = {}, pods: Record<string, unknown> = {}) {
    const { api } = this.plane
    await api.create('/api/v1/namespaces', { metadata: { name, labels } })
    const account = `/api/v1/namespaces/${name}/serviceaccounts/default`
    await until(`namespace ${name} is ready`, async () => await api.find(account))
    await this.apply({ ...this.storage(pods), metadata: { name: 'default', namespace: name } })
  }

  /** A storage of that name, which differs from `default` in how its pods look. */
  async applyStorage(name: string, pods: Record<string, unknown>): Promise<void> {
    await this.apply({ ...this.storage(pods), metadata: { name } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#operators.map((operator) => operator.stop('SIGKILL')))
    await this.plane.stop()
  }
}

/** A file of the flights example. */
export function example(file: string): Manifest {
  return parse(readFileSync(join(REPOSITORY, 'examples/flights', file), 'utf8'))
}

export function pathOf(kind: string, namespace = 'default'): string {
  return `${API}/namespaces/${namespace}/${kind.toLowerCase()}s`
}

/** Makes the CRDs; resolves when objects of each can be made. */
export async function installCrds({ api }: ControlPlane): Promise<void> {
  const crds = renderCrds().map(({ yaml }): Kube => parse(yaml))
  await Promise.all(crds.map((crd) => api.create(CRDS, crd)))
  const lists = crds.map(({ metadata }) => `${API}/${metadata.name.split('.')[0]}`)
  await until('the CRDs are served', async () =>
    (await Promise.all(lists.map((path) => isServed(api, path)))).every(Boolean),
  )
}

/** A new resource is unknown first (404), then has no storage yet (429). */
async function isServed(api: ControlPlane['api'], path: string): Promise<boolean> {
  try {
    return (await api.find(path)) !== undefined
  } catch (thrown) {
    if (thrown instanceof ApiError && (thrown.status === 429 || thrown.status === 503)) return false
    throw thrown
  }
}
