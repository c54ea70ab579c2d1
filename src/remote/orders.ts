// What people may order of a run that is there: which change of its spec that is, and what is said of it. Pure.
import type { RunObject } from '../reconcile/index.ts'

export const ORDERS = ['cancel', 'suspend', 'resume'] as const
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
  if (status.finishedAt !== undefined) return { kind: 'refused', why: `it has ended already: ${status.phase}` }
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
    default:
      return order satisfies never
  }
}
