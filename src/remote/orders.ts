// What people may order of a run that is there: which change of its spec that is, and what is said of it. Pure.
import type { RunObject } from '../reconcile/index.ts'
import { goesOn } from './run-view.ts'

export const ORDERS = ['cancel', 'suspend', 'resume', 'retry'] as const
export type Order = (typeof ORDERS)[number]

export type OrderDecision =
  /** The run is to be changed, and then this is so. */
  | { kind: 'patch'; patch: { spec: object }; says: string }
  /** It is so already. */
  | { kind: 'nothing'; says: string }
  /** It can't be done any more. */
  | { kind: 'refused'; why: string }

/** @param program how the command line is called, for the hints: `loom` */
export function decideOrder(order: Order, { metadata, spec, status }: RunObject, program: string): OrderDecision {
  const name = metadata.name
  if (metadata.deletedAt !== undefined) return { kind: 'refused', why: 'it is being deleted' }
  const isAsked = goesOn({ metadata, spec, status })
  if (order === 'retry' && !isAsked) return decideRetry({ spec, status }, name, program)
  if (status.finishedAt !== undefined && !isAsked)
    return { kind: 'refused', why: `it has ended already: ${status.phase}` }
  switch (order) {
    case 'cancel':
      return spec.cancel === true
        ? { kind: 'nothing', says: `${name} is being cancelled already` }
        : {
            kind: 'patch',
            patch: { spec: { cancel: true } },
            says: `${name} is being cancelled; ${program} status ${name} -w shows when it has stopped`,
          }
    case 'suspend':
      if (spec.cancel === true) return { kind: 'refused', why: 'it is being cancelled' }
      return spec.suspend === true
        ? { kind: 'nothing', says: `${name} is suspended already` }
        : {
            kind: 'patch',
            patch: { spec: { suspend: true } },
            says: `${name} starts nothing new, running steps are left to finish; ${program} resume ${name} lets it go on`,
          }
    case 'resume':
      return spec.suspend === true
        ? { kind: 'patch', patch: { spec: { suspend: false } }, says: `${name} goes on` }
        : { kind: 'nothing', says: `${name} is not suspended` }
    case 'retry':
      return { kind: 'nothing', says: `${name} is about to go on already` }
    default:
      return order satisfies never
  }
}

/** What has succeeded stays so; a run that was refused before its start is looked at anew by the same change. */
function decideRetry(
  { spec, status }: Pick<RunObject, 'spec' | 'status'>,
  name: string,
  program: string,
): OrderDecision {
  const { phase, restarts: seen = 0 } = status
  if (phase === 'Succeeded')
    return {
      kind: 'refused',
      why: 'it has succeeded, so there is nothing to run again; a run with another name runs all of it',
    }
  if (phase !== 'Failed' && phase !== 'Cancelled') {
    const hint = spec.suspend === true ? `; ${program} resume ${name} lets it go on` : ''
    return { kind: 'refused', why: `it has not ended, it is ${phase ?? 'Pending'}${hint}` }
  }
  const restarts = Math.max(spec.restarts ?? 0, seen) + 1
  const held = spec.suspend === true ? `, once it is no longer suspended: ${program} resume ${name}` : ''
  return {
    kind: 'patch',
    patch: { spec: { restarts, ...(spec.cancel === true ? { cancel: false } : {}) } },
    says: `${name} runs again what has not succeeded${held}; ${program} status ${name} -w watches it`,
  }
}
