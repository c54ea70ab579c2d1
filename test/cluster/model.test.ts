// The model of Kubernetes that the simulation plays with gives the same account of a common script as a real API server
// with its Job controller and garbage collector. A line that differs is a fault of the model.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { connect, KubeClient, type KubeObject, watchEvents } from '../../src/effects/index.ts'
import { accountOf, type Stage } from '../simulation/model/script.ts'
import { modelStage } from '../simulation/model/stage.ts'
import { type ControlPlane, startControlPlane, until } from './bed/index.ts'
import { installCrds } from './support/cluster.ts'

const NAMESPACE = 'script'

let plane: ControlPlane
let connection: ReturnType<typeof connect>
const stopped = new AbortController()

before(async () => {
  plane = await startControlPlane()
  await installCrds(plane)
  await plane.api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  connection = connect({ kubeconfig: plane.kubeconfig })
})

after(async () => {
  stopped.abort()
  await connection?.close()
  await plane?.stop()
})

it('the model answers as the real one does', { timeout: 240_000 }, async () => {
  const [model, real] = [await accountOf(modelStage()), await accountOf(await realStage())]
  assert.deepEqual(model, real)
})

async function realStage(): Promise<Stage> {
  const api = new KubeClient(connection)
  const changes: { type: string; object: KubeObject }[] = []
  const { metadata } = await api.list('ETLRun', { namespace: NAMESPACE })
  const query = { resourceVersion: metadata.resourceVersion ?? '' }
  const lines = await api.watch({ resource: 'ETLRun', namespace: NAMESPACE }, query, stopped.signal)
  const watching = (async () => {
    for await (const { type, object } of watchEvents<KubeObject>(lines))
      changes.push({ type, object: object as KubeObject })
  })()
  watching.catch(() => {})
  const path = ({ metadata: { name } }: KubeObject) => `/api/v1/namespaces/${NAMESPACE}/pods/${name}`
  return {
    api,
    namespace: NAMESPACE,
    until: async (what, holds) => void (await until(what, holds)),
    podStatus: async (pod, status) =>
      void (await plane.api.patch(`${path(pod)}/status`, { status }, 'strategic-merge')),
    podVanishes: async (pod) => {
      await plane.api.patch(path(pod), { metadata: { finalizers: null } })
      await plane.api.delete(path(pod), { gracePeriodSeconds: 0 })
    },
    podGone: async (pod) => await plane.api.delete(path(pod), { gracePeriodSeconds: 0 }),
    watched: async (name) => {
      const ofRun = () => changes.filter(({ object }) => object.metadata.name === name)
      await until('the watch tells of its end', async () => ofRun().some(({ type }) => type === 'DELETED'))
      return ofRun()
    },
  }
}
