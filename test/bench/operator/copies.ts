// Thousands of runs in seconds: copies of one that the operator has really run, with its Job, pod and ConfigMap, written straight
// into etcd. The API server and its controllers take them for their own.
import { randomUUID } from 'node:crypto'
import type { Kube } from '../../cluster/bed/index.ts'
import { pathOf } from '../../cluster/support/cluster.ts'
import { JOBS, type Lab } from './lab.ts'

interface Kind {
  readonly path: string
  /** Where etcd has them. */
  readonly registry: string
  readonly type: { readonly apiVersion: string; readonly kind: string }
}

type Original = Kind & { readonly object: Kube }

const CORE = '/api/v1/namespaces/default'
const KINDS: readonly Kind[] = [
  { path: pathOf('ETLRun'), registry: 'loom.etl/etlruns', type: { apiVersion: 'loom.etl/v1alpha1', kind: 'ETLRun' } },
  { path: JOBS, registry: 'jobs', type: { apiVersion: 'batch/v1', kind: 'Job' } },
  { path: `${CORE}/configmaps`, registry: 'configmaps', type: { apiVersion: 'v1', kind: 'ConfigMap' } },
  { path: `${CORE}/pods`, registry: 'pods', type: { apiVersion: 'v1', kind: 'Pod' } },
]
/** Runs that are written in one transaction; etcd takes 128 operations. */
const AT_ONCE = 30

/** Makes `count` copies of the run of that name, and of all that belongs to it, as they are now. */
export async function copyRun({ plane }: Lab, { model, objects }: Originals, count: number): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, i) => done + i)
    const success = numbers.flatMap((number) => copies(objects, model, number))
    const answer = await fetch(`${plane.etcdUrl}/v3/kv/txn`, { method: 'POST', body: JSON.stringify({ success }) })
    if (!answer.ok) throw new Error(`etcd takes no copies: ${answer.status} ${await answer.text()}`)
  }
}

export interface Originals {
  readonly model: string
  readonly objects: readonly Original[]
}

/** The run itself, and what carries its label. */
export async function originalsOf({ api }: Lab, model: string): Promise<Originals> {
  const found = KINDS.map(async (kind) => {
    const isRun = kind.type.kind === 'ETLRun'
    const objects = isRun
      ? [await api.get(`${kind.path}/${model}`)]
      : await api.list(`${kind.path}?labelSelector=loom.etl/run=${model}`)
    return objects.map((object) => ({ ...kind, object }))
  })
  return { model, objects: (await Promise.all(found)).flat() }
}

/** Every name and uid is replaced, wherever it stands: owners, labels, selectors, outcomes. */
function copies(objects: readonly Original[], model: string, number: number): object[] {
  const uids = new Map(objects.map(({ object }) => [object.metadata.uid ?? '', randomUUID() as string]))
  return objects.map(({ registry, type, object }) => {
    const { resourceVersion: _version, ...metadata } = object.metadata
    let text = JSON.stringify({ ...type, ...object, metadata }).replaceAll(model, `${model}-${number}`)
    for (const [uid, other] of uids) text = text.replaceAll(uid, other)
    const key = `/registry/${registry}/default/${object.metadata.name.replaceAll(model, `${model}-${number}`)}`
    return { requestPut: { key: base64(key), value: base64(text) } }
  })
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
