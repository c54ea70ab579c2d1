// Whether the workers of a pool can run the steps of a run as the run wants them run.
import { isSameJson } from '../../base/index.ts'
import type { PodSettings, StoragePods } from '../../manifest/index.ts'
import { type PoolObject, storageNameOf, workerSettings } from './pool-object.ts'
import { amountOf } from './quantity.ts'

/** What a run wants. */
export interface PoolWish {
  /** Name of the run's storage. */
  storageName: string
  /** What that storage says of pods. */
  pods: StoragePods
  /** The run's own settings, `spec.step`. */
  settings: PodSettings
}

export interface Unsuitable {
  reason: 'PoolPaused' | 'PoolUnsuitable'
  message: string
}

/** undefined: it suits. */
export function suits(pool: Pick<PoolObject, 'metadata' | 'spec' | 'status'>, wish: PoolWish): Unsuitable | undefined {
  const { metadata, spec, status } = pool
  const named = `ETLWorkerPool "${metadata.name}"`
  const unsuitable = (why: string): Unsuitable => ({ reason: 'PoolUnsuitable', message: `${named} ${why}` })
  if (storageNameOf(spec) !== wish.storageName)
    return unsuitable(`serves storage "${storageNameOf(spec)}", the run uses "${wish.storageName}"`)
  if (metadata.deleting) return unsuitable('is being deleted')
  if (spec.paused === true)
    return { reason: 'PoolPaused', message: `${named} is paused; its owner can set spec.paused: false` }
  const stalled = status.conditions?.find(({ type }) => type === 'Stalled')
  if (stalled?.status === 'True' && stalled.observedGeneration === metadata.generation)
    return unsuitable(`has no workers: ${stalled.message}`)
  const missing = missingOf(wish.settings, workerSettings(spec, wish.pods))
  return missing === undefined ? undefined : unsuitable(missing)
}

/** What the run asks for and the workers do not have, in words. */
function missingOf(asked: PodSettings, has: PodSettings): string | undefined {
  for (const list of [asked.resources?.limits, asked.resources?.requests]) {
    for (const [name, wanted] of Object.entries(list ?? {})) {
      if (!isEnough(name, wanted, has.resources)) return tooSmall(name, wanted, has.resources)
    }
  }
  for (const name of ['nodeSelector', 'labels', 'annotations'] as const) {
    const entry = Object.entries(asked[name] ?? {}).find(([key, value]) => has[name]?.[key] !== value)
    if (entry !== undefined) return `has no ${name} "${entry[0]}: ${entry[1]}", which the run asks for in spec.step`
  }
  for (const name of ['image', 'tolerations', 'affinity', 'priorityClassName'] as const) {
    if (asked[name] !== undefined && !isSameJson(asked[name], has[name] ?? null))
      return `has workers with another ${name} than the run asks for in spec.step`
  }
  return undefined
}

type Resources = PodSettings['resources']

/** A worker may use as much as its limit, else as its request; CPU without a limit is what the node has. */
const offered = (name: string, resources: Resources): unknown =>
  resources?.limits?.[name] ?? resources?.requests?.[name]

function isEnough(name: string, wanted: unknown, resources: Resources): boolean {
  if (name === 'cpu' && resources?.limits?.['cpu'] === undefined) return true
  const amount = amountOf(wanted)
  const there = amountOf(offered(name, resources))
  return amount !== undefined && there !== undefined && amount <= there
}

function tooSmall(name: string, wanted: unknown, resources: Resources): string {
  const there = offered(name, resources)
  return there === undefined
    ? `has workers without ${name}, the run asks for ${String(wanted)}`
    : `has workers with ${String(there)} of ${name}, the run asks for ${String(wanted)}`
}
