// The states that GitOps tools must read rightly, and what each of them reads, as rows of the tables in docs/gitops.md.
import type { RunStatus, WorkerPoolStatus } from '../../src/manifest/index.ts'
import { POOL_STATES } from './pool-states.ts'
import { RUN_STATES } from './run-states.ts'

export interface State {
  kind: 'ETLRun' | 'ETLWorkerPool'
  title: string
  spec: object
  /** As the operator wrote it; absent: it has not seen the object. */
  status?: RunStatus | WorkerPoolStatus
  /** What happens to the object afterwards, unseen by the operator: a patch, or its deletion. */
  afterwards?: object | 'delete'
  /** Keeps a deleted object. */
  finalizer?: string
}

/** How tools read a state. */
export interface Reading {
  /** Of Flux, and of all others that use kstatus. */
  kstatus: string
  argo: string
  /** Is the condition met that `kubectl wait` waits for? Succeeded of a run, Ready of a pool. */
  wait: boolean
}

export const STATES: readonly State[] = [...RUN_STATES, ...POOL_STATES]

/** The words that start a row: what the state is, and what its status says. */
export function aboutState({ kind, title, status }: State): string[] {
  const reason = status?.reason ?? ''
  if (kind === 'ETLWorkerPool') return [title, reason]
  const phase = status !== undefined && 'phase' in status ? (status.phase ?? '') : ''
  return [title, phase, reason]
}

export function rowOf(state: State, { kstatus, argo, wait }: Reading): string[] {
  return [...aboutState(state), kstatus, argo, wait ? 'met' : 'not met']
}
