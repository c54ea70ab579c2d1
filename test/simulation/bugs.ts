// Ten bugs of the kinds that operators really have, each put between the operator and the API. The simulation must find
// every one of them; one that it can't find shows that an invariant is missing.
import { ApiFault, type KubeApi, type KubeObject } from '../../src/effects/index.ts'
import type { Bug } from './schedule.ts'

type Change = Partial<KubeApi>
const bug =
  (change: (api: KubeApi) => Change): Bug =>
  (api) => ({ ...api, ...change(api) })

const withMetadata = (object: object, change: object) => {
  const { metadata } = object as { metadata: object }
  return { ...object, metadata: { ...metadata, ...change } }
}

let names = 0

export const BUGS: Record<string, Bug> = {
  'names of Jobs are random, so that one after a crash is another one': bug((api) => ({
    create: (resource, object) => {
      names += 1
      const renamed = resource === 'Job' ? withMetadata(object, { name: `${object.metadata?.name}-${names}` }) : object
      return api.create(resource, renamed)
    },
  })),
  'a Job that is not in the cache is believed to be gone': bug((api) => ({
    get: (place) => (place.resource === 'Job' ? Promise.resolve(undefined) : api.get(place)),
  })),
  'objects have no owner, so that nobody removes them': bug((api) => ({
    create: (resource, object) =>
      api.create(resource, resource === 'Event' ? object : withMetadata(object, { ownerReferences: undefined })),
  })),
  'the finalizer is never taken off': bug((api) => ({
    mergePatch: async (place, patch) => {
      const { metadata } = patch as { metadata?: { finalizers?: string[] } }
      if (metadata?.finalizers?.length !== 0) return await api.mergePatch(place, patch)
      return (await api.get(place)) as never
    },
  })),
  'Jobs are never stopped': bug((api) => ({
    delete: (place, options) => (place.resource === 'Job' ? Promise.resolve() : api.delete(place, options)),
  })),
  'an object that exists already is taken for a failure': bug((api) => ({
    create: async (resource, object) => {
      try {
        return await api.create(resource, object)
      } catch (thrown) {
        if (!(thrown instanceof ApiFault) || thrown.status !== 409) throw thrown
        throw new ApiFault({ status: 422, code: 'Invalid', message: 'cannot create it: it exists' })
      }
    },
  })),
  'a status is lost, and its writer is told that it was written': bug((api) => ({
    mergePatch: async (place, patch) => {
      const { status } = patch as { status?: { phase?: string } }
      if (place.subresource !== 'status' || status?.phase !== 'Succeeded') return await api.mergePatch(place, patch)
      return (await api.get(place)) as never
    },
  })),
  'the plan is never stored': bug((api) => ({
    create: async (resource, object) => {
      if (resource !== 'ConfigMap') return await api.create(resource, object)
      return withMetadata(object, { uid: 'none', resourceVersion: '1' }) as KubeObject as never
    },
  })),
  'Jobs have no labels, so that nobody finds them again': bug((api) => ({
    create: (resource, object) =>
      api.create(resource, resource === 'Job' ? withMetadata(object, { labels: undefined }) : object),
  })),
  'a status is written whatever was written in the meantime': bug((api) => ({
    mergePatch: (place, patch) => api.mergePatch(place, withMetadata(patch, { resourceVersion: undefined })),
  })),
}
