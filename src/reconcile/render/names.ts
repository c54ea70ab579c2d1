// Lawful, deterministic names and labels: two operators, or one after a crash, come to the same ones.
import { hashOf } from '../../base/index.ts'
import type { Kind } from '../../manifest/index.ts'
import type { RunObject, TryId } from '../observed.ts'

/** The run's own metadata, as far as names need it. */
export type RunMetadata = Pick<RunObject['metadata'], 'name' | 'namespace' | 'uid'>

const shortHash = (...parts: (string | number)[]): string => hashOf(parts).slice(-10)

/** `<start of the text>-<hash>`, at most 63 characters, a DNS label. */
function lawfulName(text: string, hash: string): string {
  const base = text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 62 - hash.length)
    .replace(/^-+|-+$/g, '')
  return base === '' ? `x-${hash}` : `${base}-${hash}`
}

export const jobName = (run: RunMetadata, id: TryId): string =>
  lawfulName(`${run.name}-${id.step}`, shortHash(run.uid, id.process, id.step, id.attempt, id.try))

/** @param contentHash of all that the ConfigMap holds: one of other content has another name */
export const planName = (run: RunMetadata, contentHash: string): string =>
  lawfulName(`${run.name}-plan`, hashOf([run.uid, contentHash]).slice(-20))

export const cleanUpName = (run: RunMetadata, scope: 'run' | 'correlation'): string =>
  lawfulName(`${run.name}-clean-up`, shortHash(run.uid, scope))

/** Of the Deployment; its pods' names begin with it. */
export const workersName = ({ name, uid }: { name: string; uid: string }): string =>
  lawfulName(`${name}-workers`, shortHash(uid).slice(-5))

export const LABELS = {
  managedBy: 'app.kubernetes.io/managed-by',
  component: 'app.kubernetes.io/component',
  pipeline: 'loom.etl/pipeline',
  run: 'loom.etl/run',
  runUid: 'loom.etl/run-uid',
  process: 'loom.etl/process',
  step: 'loom.etl/step',
  attempt: 'loom.etl/attempt',
  try: 'loom.etl/try',
  pool: 'loom.etl/pool',
  poolUid: 'loom.etl/pool-uid',
} as const

export const MANAGER = 'loom-operator'

/** The operator's own Jobs and pods. */
export const MANAGED_SELECTOR = `${LABELS.managedBy}=${MANAGER}`

/** A label value: at most 63 characters, and lawful ones. */
export function labelValue(text: string): string {
  if (/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(text)) return text
  return lawfulName(text, shortHash(text))
}

export function labelsOf(run: RunMetadata, pipeline: string, id?: TryId): Record<string, string> {
  const labels: Record<string, string> = {
    [LABELS.managedBy]: MANAGER,
    [LABELS.component]: id === undefined ? 'run' : 'step',
    [LABELS.pipeline]: labelValue(pipeline),
    [LABELS.run]: labelValue(run.name),
    [LABELS.runUid]: run.uid,
  }
  if (id === undefined) return labels
  return {
    ...labels,
    [LABELS.process]: id.process,
    [LABELS.step]: id.step,
    [LABELS.attempt]: String(id.attempt),
    [LABELS.try]: String(id.try),
  }
}

export const ownedBy = ({ name, uid }: { name: string; uid: string }, kind: Kind = 'ETLRun') => [
  {
    apiVersion: 'loom.etl/v1alpha1',
    kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  },
]
