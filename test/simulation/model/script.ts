// One script of API operations, and what comes of each, in words without uids, times and versions. The model and a real API
// server must give the same account: what the simulation proves rests on that.
import { canonicalJson } from '../../../src/base/index.ts'
import {
  ApiFault,
  type KubeApi,
  type KubeObject,
  type ObjectPlace,
  type ResourceName,
} from '../../../src/effects/index.ts'
import { jobFact, LABELS } from '../../../src/reconcile/index.ts'

/** Where the script is played. */
export interface Stage {
  api: KubeApi
  namespace: string
  /** Lets controllers work until it holds. */
  until: (what: string, holds: () => Promise<boolean>) => Promise<void>
  /** What a kubelet writes. */
  podStatus: (pod: KubeObject, status: object) => Promise<void>
  /** Somebody takes its finalizers off, and it is gone. */
  podVanishes: (pod: KubeObject) => Promise<void>
  /** A kubelet's last word on a pod that is being deleted. */
  podGone: (pod: KubeObject) => Promise<void>
  /** What a watch of runs has told of the run so far. */
  watched: (name: string) => Promise<{ type: string; object: KubeObject }[]>
}

type Any = KubeObject & { spec?: unknown; status?: unknown; data?: unknown }

export async function accountOf(stage: Stage): Promise<string[]> {
  const script = new Script(stage)
  await objects(script)
  await statuses(script)
  await deletions(script)
  await configMaps(script)
  await lists(script)
  await jobs(script)
  await cascades(script)
  await watches(script)
  return script.account
}

class Script {
  readonly account: string[] = []
  readonly stage: Stage
  readonly #versions = new Map<string, string>()

  constructor(stage: Stage) {
    this.stage = stage
  }

  get api(): KubeApi {
    return this.stage.api
  }

  place(resource: ResourceName, name: string, subresource?: 'status'): ObjectPlace {
    return { resource, namespace: this.stage.namespace, name, ...(subresource === undefined ? {} : { subresource }) }
  }

  new(name: string, more: object = {}, metadata: object = {}) {
    return { metadata: { name, namespace: this.stage.namespace, ...metadata }, ...more }
  }

  tell(line: string): void {
    this.account.push(line)
  }

  /** Does one thing and tells what came of it. */
  async does(what: string, operation: () => Promise<unknown>): Promise<Any | undefined> {
    try {
      const object = (await operation()) as Any | undefined
      this.tell(`${what}: ${object === undefined ? 'done' : this.describe(object)}`)
      return object
    } catch (thrown) {
      if (!(thrown instanceof ApiFault)) throw thrown
      this.tell(`${what}: ${thrown.status} ${thrown.code}`)
      return undefined
    }
  }

  describe(object: Any): string {
    const { metadata, spec, status, data } = object
    const uid = metadata.uid ?? ''
    const version = metadata.resourceVersion ?? ''
    const moved = this.#versions.get(uid) === version ? 'same version' : 'new version'
    this.#versions.set(uid, version)
    const isRun = metadata.name.startsWith('run')
    return [
      moved,
      ...(isRun ? [`generation ${metadata.generation}`] : []),
      ...(metadata.deletionTimestamp === undefined ? [] : ['deleting']),
      ...(metadata.finalizers === undefined || !isRun ? [] : [`finalizers ${metadata.finalizers.join()}`]),
      ...(isRun ? [`spec ${canonicalJson(spec)}`, `status ${canonicalJson(status ?? {})}`] : []),
      ...(data === undefined ? [] : [`data ${canonicalJson(data)}`]),
    ].join(', ')
  }
}

const SPEC = { pipelineRef: { name: 'main' } }

async function objects(script: Script): Promise<void> {
  const { api } = script
  const place = script.place('ETLRun', 'run-a')
  await script.does('get what is not there', () => api.get(place))
  for (const name of ['../..', 'a/b', '__proto__', 'UPPER', 'x'.repeat(300)])
    await script.does(`get a name that is none (${name.slice(0, 9)})`, () => api.get(script.place('ConfigMap', name)))
  await script.does('patch what is not there', () => api.mergePatch(place, { spec: { suspend: true } }))
  await script.does('delete what is not there', () => api.delete(place))
  const made = await script.does('create with a status', () =>
    api.create('ETLRun', script.new('run-a', { spec: SPEC, status: { phase: 'Succeeded' } })),
  )
  await script.does('create again', () => api.create('ETLRun', script.new('run-a', { spec: SPEC })))
  await script.does('get', () => api.get(place))
  await script.does('patch the spec', () => api.mergePatch(place, { spec: { suspend: true } }))
  await script.does('patch the same again', () => api.mergePatch(place, { spec: { suspend: true } }))
  await script.does('take a member away', () => api.mergePatch(place, { spec: { suspend: null } }))
  await script.does('patch labels', () => api.mergePatch(place, { metadata: { labels: { a: 'b' } } }))
  await script.does('patch the status beside the spec', () =>
    api.mergePatch(place, { spec: { cancel: false }, status: { phase: 'Failed' } }),
  )
  const { uid, resourceVersion } = made?.metadata ?? {}
  await script.does('patch with an old version', () =>
    api.mergePatch(place, { metadata: { resourceVersion }, spec: { suspend: true } }),
  )
  await script.does('patch with another uid', () =>
    api.mergePatch(place, { metadata: { uid: '00000000-0000-0000-0000-000000000000' }, spec: { suspend: true } }),
  )
  await script.does('patch with an old version and another uid', () =>
    api.mergePatch(place, {
      metadata: { resourceVersion, uid: '00000000-0000-0000-0000-000000000000' },
      spec: { suspend: true },
    }),
  )
  const now = await api.get(place)
  await script.does('patch with uid and version', () =>
    api.mergePatch(place, {
      metadata: { uid, resourceVersion: now?.metadata.resourceVersion },
      spec: { suspend: true },
    }),
  )
}

async function statuses(script: Script): Promise<void> {
  const { api } = script
  const place = script.place('ETLRun', 'run-a', 'status')
  const old = await api.get(script.place('ETLRun', 'run-a'))
  await script.does('patch the status', () =>
    api.mergePatch(place, { spec: { cancel: true }, status: { phase: 'Running', attempt: 1, steps: [] } }),
  )
  await script.does('patch the same status', () => api.mergePatch(place, { status: { phase: 'Running' } }))
  await script.does('take a member of the status away', () =>
    api.mergePatch(place, { status: { attempt: null, steps: null, rows: 7 } }),
  )
  await script.does('patch the status with an old version', () =>
    api.mergePatch(place, {
      metadata: { resourceVersion: old?.metadata.resourceVersion },
      status: { phase: 'Succeeded' },
    }),
  )
  await script.does('patch labels through the status', () =>
    api.mergePatch(place, { metadata: { labels: { a: 'c' } }, status: { rows: 8 } }),
  )
  script.tell(`labels: ${canonicalJson((await api.get(script.place('ETLRun', 'run-a')))?.metadata.labels)}`)
}

async function deletions(script: Script): Promise<void> {
  const { api } = script
  const place = script.place('ETLRun', 'run-a')
  await script.does('add a finalizer', () => api.mergePatch(place, { metadata: { finalizers: ['loom.etl/temps'] } }))
  await script.does('delete another of that name', () =>
    api.delete(place, { uid: '00000000-0000-0000-0000-000000000000' }),
  )
  await script.does('after that', () => api.get(place))
  await script.does('delete', () => api.delete(place))
  await script.does('after that', () => api.get(place))
  await script.does('delete again', () => api.delete(place))
  await script.does('after that', () => api.get(place))
  await script.does('patch the spec of what is being deleted', () => api.mergePatch(place, { spec: { cancel: true } }))
  await script.does('patch its status', () =>
    api.mergePatch(script.place('ETLRun', 'run-a', 'status'), { status: { rows: 9 } }),
  )
  await script.does('take the finalizer off', () => api.mergePatch(place, { metadata: { finalizers: [] } }))
  await script.does('after that', () => api.get(place))
}

async function configMaps(script: Script): Promise<void> {
  const { api } = script
  const place = script.place('ConfigMap', 'plan')
  const map = script.new('plan', { data: { a: '1' }, immutable: true })
  const made = await script.does('create a ConfigMap', () => api.create('ConfigMap', map))
  await script.does('change an immutable one', () =>
    api.replace(place, { ...(made as Any), data: { a: '2' } } as KubeObject),
  )
  await script.does('patch an immutable one', () => api.mergePatch(place, { data: { a: '2' } }))
  await script.does('replace it as it is', () => api.replace(place, made as KubeObject))
  await script.does('label it', () =>
    api.replace(place, { ...(made as Any), metadata: { ...(made as Any).metadata, labels: { x: 'y' } } }),
  )
  await script.does('replace it with an old version', () => api.replace(place, made as KubeObject))
  await script.does('delete it', () => api.delete(place))
  await script.does('after that', () => api.get(place))
}

async function lists(script: Script): Promise<void> {
  const { api, stage } = script
  for (const [name, labels] of [
    ['m-c', { app: 'x', tier: '1' }],
    ['m-a', { app: 'x', tier: '2' }],
    ['m-b', { app: 'y' }],
  ] as const)
    await api.create('ConfigMap', script.new(name, {}, { labels }))
  for (const labelSelector of ['app=x', 'app=x,tier=2', 'app=z', 'tier=1,app=y']) {
    const { items } = await api.list('ConfigMap', { namespace: stage.namespace, labelSelector })
    script.tell(`list ${labelSelector}: ${items.map(({ metadata }) => metadata.name).join(' ')}`)
  }
}

/** A Job as the operator makes them, bound to a node that nobody plays but the script. */
const jobNamed = (script: Script, name: string, owner?: KubeObject) => {
  const labels = {
    [LABELS.process]: 'p',
    [LABELS.step]: name,
    [LABELS.attempt]: '1',
    [LABELS.try]: '1',
    [LABELS.runUid]: owner?.metadata.uid ?? 'none',
  }
  const owners = [
    {
      apiVersion: 'loom.etl/v1alpha1',
      kind: 'ETLRun',
      name: owner?.metadata.name ?? '',
      uid: owner?.metadata.uid ?? '',
      controller: true,
    },
  ]
  return script.new(
    name,
    {
      spec: {
        backoffLimit: 0,
        template: {
          metadata: { labels },
          spec: { restartPolicy: 'Never', nodeName: 'script', containers: [{ name: 'step', image: 'x' }] },
        },
      },
    },
    { labels, ...(owner === undefined ? {} : { ownerReferences: owners }) },
  )
}

async function podsOf(script: Script, step: string): Promise<Any[]> {
  const { items } = await script.api.list<Any>('Pod', {
    namespace: script.stage.namespace,
    labelSelector: `${LABELS.step}=${step}`,
  })
  return items
}

async function jobs(script: Script): Promise<void> {
  const { api, stage } = script
  const run = await api.create<Any>('ETLRun', script.new('run-b', { spec: SPEC }))
  const uid = run.metadata.uid ?? ''
  const state = async (name: string) => jobFact(await api.get(script.place('Job', name)), uid)?.state ?? 'gone'
  const ends: [name: string, what: string, end: (pod: Any) => Promise<unknown>][] = [
    ['good', 'its pod succeeds', (pod) => stage.podStatus(pod, { phase: 'Succeeded' })],
    ['bad', 'its pod fails', (pod) => stage.podStatus(pod, { phase: 'Failed' })],
    [
      'hit',
      'its pod is deleted by hand',
      async (pod) => {
        await api.delete(script.place('Pod', pod.metadata.name))
        const left = (await podsOf(script, 'hit'))[0]
        script.tell(`hit: the pod is ${left === undefined ? 'gone' : 'being deleted'}`)
        await stage.podStatus(pod, { phase: 'Failed' })
        await stage.podGone(pod)
      },
    ],
  ]
  for (const [name, what, end] of ends) {
    await api.create('Job', jobNamed(script, name, run))
    await stage.until(`${name} has a pod`, async () => (await podsOf(script, name)).length > 0)
    const [pod] = await podsOf(script, name)
    if (pod === undefined) throw new Error('unreachable')
    const [owner] = pod.metadata.ownerReferences ?? []
    script.tell(
      `${name}: ${await state(name)}; its pod has the labels of the template ${pod.metadata.labels?.[LABELS.runUid] === uid}, its owner is ${owner?.kind} ${owner?.name} ${owner?.controller}`,
    )
    await end(pod)
    await stage.until(`${name} ends`, async () => (await state(name)) !== 'active')
    script.tell(`${name}: ${what}: ${await state(name)}`)
  }
  await vanishing(script, run, state)
  await terminating(script, run, state)
  await api.create('Job', jobNamed(script, 'cut', run))
  await stage.until('cut has a pod', async () => (await podsOf(script, 'cut')).length > 0)
  const job = await api.get(script.place('Job', 'cut'))
  await api.delete(script.place('Job', 'cut'), { uid: '00000000-0000-0000-0000-000000000000' })
  script.tell(`cut: after the deletion of another uid: ${await state('cut')}`)
  await api.delete(script.place('Job', 'cut'), { uid: job?.metadata.uid ?? '' })
  script.tell(`cut: after its deletion: ${await state('cut')}`)
  await stage.until(
    'its pod is told to go',
    async () => (await podsOf(script, 'cut'))[0]?.metadata.deletionTimestamp !== undefined,
  )
  script.tell('cut: its pod is being deleted')
}

/** A pod that nobody has seen end is made anew, and does not count as a failure. */
async function vanishing(script: Script, run: Any, state: (name: string) => Promise<string>): Promise<void> {
  const { api, stage } = script
  await api.create('Job', jobNamed(script, 'lost', run))
  await stage.until('lost has a pod', async () => (await podsOf(script, 'lost')).length > 0)
  const [first] = await podsOf(script, 'lost')
  if (first === undefined) throw new Error('unreachable')
  await stage.podVanishes(first)
  const others = async () =>
    (await podsOf(script, 'lost')).filter(({ metadata }) => metadata.uid !== first.metadata.uid)
  await stage.until('lost has another pod', async () => (await others()).length > 0)
  script.tell(
    `lost: ${await state('lost')}, with another pod, of another name ${(await others())[0]?.metadata.name !== first.metadata.name}`,
  )
}

/** A Job has failed as soon as its pod is told to go. */
async function terminating(script: Script, run: Any, state: (name: string) => Promise<string>): Promise<void> {
  const { api, stage } = script
  await api.create('Job', jobNamed(script, 'slow', run))
  await stage.until('slow has a pod', async () => (await podsOf(script, 'slow')).length > 0)
  const [pod] = await podsOf(script, 'slow')
  await api.delete(script.place('Pod', pod?.metadata.name ?? ''))
  await stage.until('slow fails', async () => (await state('slow')) === 'failed')
  script.tell(
    `slow: ${await state('slow')} while its pod is ${(await podsOf(script, 'slow')).length === 1 ? 'there' : 'gone'}`,
  )
}

async function cascades(script: Script): Promise<void> {
  const { api, stage } = script
  const run = await api.create<Any>('ETLRun', script.new('run-c', { spec: SPEC }))
  const owner = {
    apiVersion: 'loom.etl/v1alpha1',
    kind: 'ETLRun',
    name: 'run-c',
    uid: run.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
  await api.create('ConfigMap', script.new('owned', {}, { ownerReferences: [owner] }))
  await api.create('ConfigMap', script.new('free'))
  await api.create('Job', jobNamed(script, 'owned', run))
  await api.delete(script.place('ETLRun', 'run-c'))
  script.tell(`run-c: ${(await api.get(script.place('ETLRun', 'run-c'))) === undefined ? 'gone at once' : 'there'}`)
  const gone = async (resource: ResourceName) => (await api.get(script.place(resource, 'owned'))) === undefined
  await stage.until('what it owned is gone', async () => (await gone('ConfigMap')) && (await gone('Job')))
  script.tell(
    `what it owned is gone, and the other is ${(await api.get(script.place('ConfigMap', 'free'))) === undefined ? 'gone' : 'there'}`,
  )
}

async function watches(script: Script): Promise<void> {
  const { stage } = script
  const changes = await stage.watched('run-a')
  for (const { type, object } of changes) script.tell(`watch: ${type} ${script.describe(object)}`)
}
