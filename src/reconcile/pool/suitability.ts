// Whether the shared workers of a pool can do the steps of a run: the same storage, enough memory, and no wishes that only a
// pod of the run's own can fulfil.
import type { PodSettings, Reason, RunSpec, StoragePods } from '../../manifest/index.ts'
import type { PoolFact } from '../observed.ts'
import { settingsOf } from '../pod-policy.ts'

/** Why not, or undefined: it suits. */
export function suits(
  pool: PoolFact,
  { storageRef, step = {} }: Pick<RunSpec, 'storageRef' | 'step'>,
  pods: StoragePods,
): { reason: Reason; message: string } | undefined {
  const not = (why: string) => ({ reason: 'PoolUnsuitable', message: `pool "${pool.name}" ${why}` }) as const
  if (pool.paused) return { reason: 'PoolPaused', message: `pool "${pool.name}" is paused` }
  const storage = storageRef?.name ?? 'default'
  if (pool.storage !== storage) return not(`works on storage "${pool.storage}", the run on "${storage}"`)
  const own = (Object.keys(step) as (keyof PodSettings)[]).filter((setting) => setting !== 'resources')
  if (own.length > 0) return not(`shares its pods, but the run asks for ${own.join(', ')} of its own`)
  const wanted = step.resources === undefined ? undefined : memoryBytes(settingsOf(step, pods))
  if (wanted !== undefined && pool.memoryBytes !== undefined && wanted > pool.memoryBytes)
    return not(`has workers with ${mebibytes(pool.memoryBytes)} of memory, the run asks for ${mebibytes(wanted)}`)
  return undefined
}

/** Of the container's limit, or else its request; undefined: none is set. */
export function memoryBytes({ resources }: Pick<PodSettings, 'resources'>): number | undefined {
  const quantity = resources?.limits?.['memory'] ?? resources?.requests?.['memory']
  return quantity === undefined ? undefined : quantityBytes(String(quantity))
}

const FACTORS: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

function quantityBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^([0-9.]+(?:e[0-9]+)?)([kMGT]i?|Ki)?$/.exec(text) ?? []
  const factor = FACTORS[unit]
  return number === undefined || factor === undefined ? undefined : Number(number) * factor
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)}Mi`
