// The model as a stage for the common script.
import { ModelApiServer, type ModelObject } from './api-server.ts'
import { ModelCluster } from './cluster.ts'
import type { Stage } from './script.ts'

/** Moves of the controllers; the others are those of kubelets and people, which the script makes itself. */
const CONTROLLERS = /^(pod is made|Job ends|Job fails without pod|garbage .*)$/

export function modelStage(): Stage {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const api = new ModelApiServer(() => now)
  const cluster = new ModelCluster({ api, now: () => now, behaviour: () => 'succeed' })
  return {
    api,
    namespace: 'script',
    until: async (what, holds) => {
      while (!(await holds())) {
        const move = cluster.moves().find(({ name }) => CONTROLLERS.test(name))
        if (move === undefined) throw new Error(`it never comes to this: ${what}`)
        move.play()
      }
    },
    podStatus: async (pod, status) => api.writeStatus('Pod', pod as ModelObject, { ...status }),
    podVanishes: async (pod) => cluster.vanish(pod as ModelObject),
    podGone: async (pod) => api.forceDelete('Pod', pod as ModelObject),
    watched: async (name) =>
      api.changes.filter(({ resource, object }) => resource === 'ETLRun' && object.metadata.name === name),
  }
}
