// Worker pools in the cluster: asked for, waited for, looked at.
import type { WorkerPoolStatus } from '../../../src/manifest/index.ts'
import { type Kube, type Pod, until } from '../bed/index.ts'
import { type Cluster, type Manifest, pathOf } from './cluster.ts'

export type PoolObject = Kube & { spec: Record<string, unknown>; status?: WorkerPoolStatus }

export const pool = (name: string, spec: Record<string, unknown>): Manifest => ({
  kind: 'ETLWorkerPool',
  metadata: { name },
  spec: { scaleDown: { coolDown: '2s' }, drainTimeout: '60s', ...spec },
})

const pathOfPool = (name: string): string => `${pathOf('ETLWorkerPool')}/${name}`

export const patchPool = async ({ plane }: Cluster, name: string, spec: object): Promise<void> => {
  await plane.api.patch(pathOfPool(name), { spec })
}

/** Waits until the pool's status is as wanted; says what it was if it never is. */
export async function poolIs(
  { plane }: Cluster,
  name: string,
  what: string,
  wanted: (status: WorkerPoolStatus) => boolean,
): Promise<WorkerPoolStatus> {
  let last: WorkerPoolStatus = {}
  await until(
    `pool ${name} ${what}`,
    async () => {
      last = (await plane.api.find<PoolObject>(pathOfPool(name)))?.status ?? {}
      return wanted(last)
    },
    { seconds: 60, seen: () => last },
  )
  return last
}

/** Its workers' pods that are not on the way out. */
export async function workersOf({ plane }: Cluster, name: string): Promise<readonly Pod[]> {
  const all = await plane.api.list<Pod>(`/api/v1/namespaces/default/pods?labelSelector=loom.etl/pool=${name}`)
  return all.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

/** Reasons of the events about the pool, in no order. */
export async function toldOf({ plane }: Cluster, name: string): Promise<string[]> {
  const path = '/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.kind=ETLWorkerPool'
  const events = await plane.api.list<{ reason: string; regarding: { name: string } }>(path)
  return events.filter(({ regarding }) => regarding.name === name).map(({ reason }) => reason)
}
