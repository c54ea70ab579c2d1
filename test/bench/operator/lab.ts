// What the operator is measured in: a real control plane with the CRDs, a storage, a fake node, and operators on demand.
import { API_VERSION, type RunStatus } from '../../../src/manifest/index.ts'
import { type Api, type ControlPlane, type Kube, type Pod, startControlPlane, until } from '../../cluster/bed/index.ts'
import { installCrds, type Manifest, pathOf } from '../../cluster/support/cluster.ts'
import { inline, quick, run } from '../../cluster/support/pipelines.ts'
import { grantOperatorRights, OPERATOR_USER } from '../../cluster/support/rights.ts'
import { type SupervisedOperator, startSupervisedOperator } from '../../cluster/support/supervised-operator.ts'
import { FakeNode } from './fake-node.ts'

export const JOBS = '/apis/batch/v1/namespaces/default/jobs'

export interface Template {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: object
}

export type Job = Kube & {
  spec: { template: Template }
  status?: { conditions?: readonly { type: string; status: string }[] }
}

export class Lab implements AsyncDisposable {
  readonly plane: ControlPlane
  readonly node: FakeNode

  private constructor(plane: ControlPlane, node: FakeNode) {
    this.plane = plane
    this.node = node
  }

  static async start(): Promise<Lab> {
    // Finished pods are kept, however many.
    const plane = await startControlPlane({
      users: [{ name: OPERATOR_USER }],
      controllerFlags: ['--terminated-pod-gc-threshold=0'],
    })
    try {
      await installCrds(plane)
      await grantOperatorRights(plane.api)
      const node = await FakeNode.start(plane)
      const lab = new Lab(plane, node)
      await lab.apply({ kind: 'ETLStorage', metadata: { name: 'default' }, spec: STORAGE })
      return lab
    } catch (thrown) {
      await plane.stop()
      throw thrown
    }
  }

  get api(): Api {
    return this.plane.api
  }

  async apply(manifest: Manifest): Promise<Kube> {
    return await this.api.create(pathOf(manifest.kind), { apiVersion: API_VERSION, ...manifest })
  }

  async operator(): Promise<SupervisedOperator> {
    return await startSupervisedOperator(this.plane)
  }

  async stop(operator: SupervisedOperator): Promise<void> {
    operator.process.signal('SIGTERM')
    await operator.process.ended
  }

  async pods(run: string): Promise<readonly Pod[]> {
    return await this.api.list<Pod>(`/api/v1/namespaces/default/pods?labelSelector=loom.etl/run=${run}`)
  }

  /** Waits until the run has succeeded. */
  async succeeds(name: string): Promise<void> {
    const isSo = async () => {
      const { status } = await this.api.get<Kube & { status?: RunStatus }>(`${pathOf('ETLRun')}/${name}`)
      return status?.phase === 'Succeeded'
    }
    await until(`run ${name} succeeds`, isSo, { seconds: 300, everyMs: 200 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane.stop()
  }
}

const STORAGE = {
  defaults: { tablePath: { uri: '/lake/tables' } },
  temp: { root: '/lake/temp' },
  pods: {
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    volumes: [{ name: 'lake', hostPath: { path: '/tmp' } }],
    volumeMounts: [{ name: 'lake', mountPath: '/lake' }],
  },
}

/** A run of one step. */
export const oneStep = (name: string): Manifest => run(name, [quick('step')])

/** A run whose steps may all run at the same time. */
export function wide(name: string, steps: number): Manifest {
  const process = (from: number) => ({
    name: `p${from}`,
    steps: [{ parallel: Array.from({ length: Math.min(100, steps - from) }, (_, i) => quick(`s${from + i}`)) }],
  })
  const processes = Array.from({ length: Math.ceil(steps / 100) }, (_, i) => process(i * 100))
  const spec = { pipeline: { processes: [{ parallel: processes }] }, dispatch: { maxParallel: Math.min(100, steps) } }
  return { kind: 'ETLRun', metadata: { name }, spec }
}

/** A run whose steps come one after the other. */
export function long(name: string, steps: number): Manifest {
  const pipeline = inline(Array.from({ length: steps }, (_, i) => quick(`s${i}`)))
  return { kind: 'ETLRun', metadata: { name }, spec: { pipeline } }
}
