// The ConfigMap that holds a run's plan and storage binding: immutable, owned by the run, mounted into every step's pod.
// Its name tells its content, so that one that somebody has made anew with other content is not taken for the run's.
import { gunzipSync, gzipSync } from 'node:zlib'
import type { V1ConfigMap } from '@kubernetes/client-node'
import { canonicalJson, hashOf } from '../../base/index.ts'
import type { StoragePods } from '../../manifest/index.ts'
import { PLAN_VERSION, type Plan, type StorageBinding } from '../../plan/index.ts'
import { textAt } from '../facts/raw.ts'
import { labelsOf, ownedBy, planName, type RunMetadata } from './names.ts'

/** What a run keeps from its start to its end. */
export interface StoredPlan {
  plan: Plan
  binding: StorageBinding
  pods: StoragePods
}

/** Bytes of data that a ConfigMap may hold, with room for its metadata. */
const MAX_BYTES = 900 * 1024
/** Plain text up to here, so that people can read it. */
const PLAIN_BYTES = 256 * 1024

/** No plan that was packed by the operator is larger: the pipeline it comes from fits into etcd. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024

const FILES = ['plan', 'binding', 'pods'] as const

export const configMapName = (run: RunMetadata, { plan, binding, pods }: StoredPlan): string =>
  planName(run, hashOf([plan, binding, pods]))

export function planFits(stored: StoredPlan): boolean {
  const { data = {}, binaryData = {} } = dataOf(stored)
  const bytes = [...Object.values(data), ...Object.values(binaryData)].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    0,
  )
  return bytes <= MAX_BYTES
}

export function planConfigMap(run: RunMetadata, stored: StoredPlan): V1ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: configMapName(run, stored),
      namespace: run.namespace,
      labels: labelsOf(run, stored.plan.pipeline),
      annotations: { 'loom.etl/plan-hash': stored.plan.hash, 'loom.etl/binding-hash': stored.binding.hash },
      ownerReferences: ownedBy(run),
    },
    immutable: true,
    ...dataOf(stored),
  }
}

function dataOf(stored: StoredPlan): Pick<V1ConfigMap, 'data' | 'binaryData'> {
  const texts = FILES.map((file) => [`${file}.json`, canonicalJson(stored[file])] as const)
  if (texts.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0) <= PLAIN_BYTES)
    return { data: Object.fromEntries(texts) }
  return {
    binaryData: Object.fromEntries(
      texts.map(([name, text]) => [`${name}.gz`, gzipSync(text, { level: 9 }).toString('base64')]),
    ),
  }
}

/** Characters of a plan that a status may hold; its schema says the same. */
const STATUS_CHARS = 6_000

/** The plan for the status of a run without Jobs; undefined: it is too large for that. */
export function packPlan({ plan, binding, pods }: StoredPlan): string | undefined {
  const packed = gzipSync(canonicalJson({ plan, binding, pods }), { level: 9 }).toString('base64')
  return packed.length <= STATUS_CHARS ? packed : undefined
}

/** Reads it back; undefined when it is not what the ConfigMap of that name would hold. */
export function unpackPlan(packed: string, run: RunMetadata, name: string): StoredPlan | undefined {
  try {
    const { plan, binding, pods } = JSON.parse(unzipped(packed))
    return checked({ plan, binding, pods }, run, name)
  } catch {
    return undefined
  }
}

/** Reads it back; undefined when it is not what was written under that name. */
export function storedPlanOf(map: unknown, run: RunMetadata, name: string): StoredPlan | undefined {
  try {
    const [plan, binding, pods] = FILES.map((file) => JSON.parse(textOf(map, file) ?? 'null'))
    return checked({ plan, binding, pods }, run, name)
  } catch {
    return undefined
  }
}

const checked = (stored: StoredPlan, run: RunMetadata, name: string): StoredPlan | undefined =>
  stored.plan?.version === PLAN_VERSION && configMapName(run, stored) === name ? stored : undefined

const unzipped = (packed: string): string =>
  gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8')

function textOf(map: unknown, file: string): string | undefined {
  const plain = textAt(map, 'data', `${file}.json`)
  if (plain !== undefined) return plain
  const packed = textAt(map, 'binaryData', `${file}.json.gz`)
  return packed === undefined ? undefined : unzipped(packed)
}
