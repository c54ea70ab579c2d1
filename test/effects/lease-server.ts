// A lease as the API server keeps it, with a way of its own to each candidate: slow, cut, or losing answers.
import { ApiFault, type KubeApi, type KubeObject } from '../../src/effects/index.ts'

export interface Way {
  /** Ms that a request takes to the server, and its answer back. */
  there?: number | undefined
  back?: number | undefined
  /** The request does not arrive, or its answer does not. */
  lost?: 'request' | 'answer' | undefined
  refused?: number | undefined
}

export type StoredLease = KubeObject & { spec?: { holderIdentity?: string } }

export class LeaseServer {
  stored: StoredLease | undefined
  #version = 0

  /** The API as one candidate sees it; `way` is asked anew for every request. */
  seenBy(way: (verb: string) => Way): KubeApi {
    const go = async <T>(verb: string, work: () => T): Promise<T> => {
      const { there = 0, back = 0, lost, refused } = way(verb)
      await wait(there)
      if (refused !== undefined) throw new ApiFault({ status: refused, code: 'Refused', message: 'no' })
      if (lost === 'request') return await new Promise(() => {})
      const done = work()
      await wait(back)
      if (lost === 'answer') return await new Promise(() => {})
      return done
    }
    const unexpected = () => {
      throw new Error('an election needs none of this')
    }
    return {
      get: async <T extends KubeObject>() => await go('get', () => structuredClone(this.stored) as T | undefined),
      create: async <T extends KubeObject>(_resource: unknown, object: object) =>
        await go('create', () => {
          if (this.stored !== undefined) throw new ApiFault({ status: 409, code: 'AlreadyExists', message: 'no' })
          return this.write(object as StoredLease) as T
        }),
      replace: async <T extends KubeObject>(_place: unknown, object: T) =>
        await go('update', () => {
          if (object.metadata.resourceVersion !== this.stored?.metadata.resourceVersion)
            throw new ApiFault({ status: 409, code: 'Conflict', message: 'no' })
          return this.write(object as StoredLease) as T
        }),
      list: unexpected,
      mergePatch: unexpected,
      delete: unexpected,
      watch: unexpected,
    }
  }

  write(object: StoredLease): StoredLease {
    this.#version += 1
    this.stored = structuredClone({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    })
    return structuredClone(this.stored)
  }
}

const wait = (ms: number) => (ms === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, ms)))
