// What lies in a cluster at every moment of a sound run: the objects that poison is put into.
import type { ResourceName } from '../../../src/effects/index.ts'
import { ModelApiServer, type ModelObject } from '../model/api-server.ts'
import { type Behaviour, ModelCluster } from '../model/cluster.ts'
import { Replica } from '../replica.ts'
import { PIPELINES } from '../scenario.ts'

export type Stored = [resource: ResourceName, object: ModelObject]

export const STORAGE = { defaults: { tablePath: { uri: '/lake' } }, temp: { root: '/temp' } }
export const EPOCH = Date.parse('2026-01-01T00:00:00Z')

/** The kinds that a run consists of or depends on. */
const KEPT: readonly ResourceName[] = ['ETLRun', 'ETLPipeline', 'ETLStorage', 'Job', 'Pod', 'ConfigMap']

export interface HistoryOptions {
  namespace: string
  run: string
  pipeline: keyof typeof PIPELINES
  spec: object
  behaviour: (step: string, count: number) => Behaviour
}

/** Every state of the cluster from the run's creation to its end, as JSON. */
export async function historyOf({ namespace, run, pipeline, spec, behaviour }: HistoryOptions): Promise<string[]> {
  let now = EPOCH
  const api = new ModelApiServer(() => now, run)
  const cluster = new ModelCluster({ api, now: () => now, behaviour })
  let ids = 0
  const replica = new Replica({ api, now: () => now, crashHere: () => false, nextId: () => `id${++ids}` })
  for (const [resource, name, content] of [
    ['ETLStorage', `${run}-storage`, STORAGE],
    ['ETLPipeline', `${run}-pipeline`, PIPELINES[pipeline]],
    ['ETLRun', run, { pipelineRef: { name: `${run}-pipeline` }, storageRef: { name: `${run}-storage` }, ...spec }],
  ] as const)
    api.put(resource, madeObject({ namespace, name, uid: `${namespace}-${name}`, spec: content }))
  const states: string[] = []
  const moves = () => [
    ...replica.behind().map((resource) => () => replica.deliver(resource, false)),
    ...[...replica.queue].map((key) => () => replica.look(key)),
    ...cluster.moves().flatMap(({ fault, play }) => (fault === true ? [] : [play])),
    ...[...replica.later.keys()].map((key) => () => replica.look(key)),
  ]
  for (let i = 0; i < 400; i++) {
    const state = JSON.stringify(KEPT.flatMap((kind) => api.all(kind).map((object): Stored => [kind, object])))
    if (state !== states.at(-1)) states.push(state)
    const [move] = moves()
    if (move === undefined) break
    now += 1000
    await move()
  }
  return states
}

export function madeObject(input: { namespace: string; name: string; uid: string; spec: unknown }): ModelObject {
  const { namespace, name, uid, spec } = input
  return {
    metadata: { name, namespace, uid, generation: 1, creationTimestamp: new Date(EPOCH).toISOString() },
    spec: spec as Record<string, unknown>,
  }
}
