// One decision about one run, observed as the operator observes it: from raw objects in its caches, with nothing to ask live.
import { Caches, type KubeApi, type KubeObject, Observer } from '../../../src/effects/index.ts'
import { type Decision, decideRun, type Observed } from '../../../src/reconcile/index.ts'
import type { ModelObject } from '../model/api-server.ts'
import { EPOCH, type Stored } from './history.ts'

const refuse = (): never => {
  throw new Error('a decision writes nothing')
}

/** @param objects as they lie on the server; @returns undefined when no run is among them */
export async function oneLook(objects: Stored[], now = EPOCH + 600_000): Promise<[Observed, Decision] | undefined> {
  const client = readOnly(objects)
  const caches = new Caches({ client, onRun: () => {}, onTrouble: () => {}, random: () => 0.5 })
  for (const [resource, object] of objects) caches.reflectors[resource]?.apply({ type: 'ADDED', object })
  const [key = ''] = caches.runs.objects.keys()
  const seen = await new Observer({ caches, client, now: () => now }).observe(key)
  return seen === undefined ? undefined : [seen.observed, decideRun(seen.observed)]
}

function readOnly(objects: Stored[]): KubeApi {
  const of = (resource: string): ModelObject[] =>
    objects.flatMap(([kind, object]) => (kind === resource ? [object] : []))
  return {
    get: async <T extends KubeObject>(place: { resource: string; name?: string }) =>
      of(place.resource).find(({ metadata }) => metadata.name === place.name) as T | undefined,
    list: async <T extends KubeObject>(resource: string) => ({
      items: of(resource) as KubeObject[] as T[],
      metadata: {},
    }),
    watch: refuse,
    create: refuse,
    replace: refuse,
    mergePatch: refuse,
    delete: refuse,
  }
}
