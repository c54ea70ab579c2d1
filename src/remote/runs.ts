// One run of the cluster: found by its name, changed by a patch, and the plan that it goes by.
import { didYouMean, Fault } from '../base/index.ts'
import { type AnyObject, ApiFault, isStatus, readRun } from '../effects/index.ts'
import type { Plan } from '../plan/index.ts'
import { type RunObject, type StoredPlan, storedPlanOf, unpackPlan } from '../reconcile/index.ts'
import type { RemoteCluster } from './cluster.ts'

/** Names that are told, or compared with what was asked for, at most. */
const NAMES_READ = 500
const NAMES_TOLD = 10

/** @throws Fault missing RunNotFound */
export async function findRun({ kube, namespace }: RemoteCluster, name: string): Promise<RunObject> {
  const raw = /^[a-z0-9.-]+$/.test(name)
    ? await kube.get<AnyObject>({ resource: 'ETLRun', namespace, name })
    : undefined
  if (raw !== undefined) return readRun(raw).run
  const names = await knownNames(kube, namespace)
  throw new Fault({ kind: 'missing', code: 'RunNotFound', message: notFound(name, namespace, names) })
}

async function knownNames(kube: RemoteCluster['kube'], namespace: string): Promise<string[] | undefined> {
  try {
    const { items } = await kube.list<AnyObject>('ETLRun', { namespace, limit: NAMES_READ })
    return items
      .toSorted((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))
      .map(({ metadata }) => metadata.name)
      .reverse()
  } catch (thrown) {
    if (isStatus(thrown, 403)) return undefined // who may see one run need not be allowed to see them all
    throw thrown
  }
}

/** @param names of the runs that there are, the newest first; undefined: nobody may know */
export function notFound(name: string, namespace: string, names: readonly string[] | undefined): string {
  const head = `cannot find ETLRun "${name}": namespace "${namespace}" has`
  if (names === undefined) return `${head} none of that name; check the name, or choose another namespace with -n`
  if (names.length === 0) return `${head} no ETLRun at all; choose another namespace with -n`
  const told = names.slice(0, NAMES_TOLD).join(', ')
  const more = names.length > NAMES_TOLD ? ` and ${names.length - NAMES_TOLD} more` : ''
  return `${head} none of that name${didYouMean(name, names)}; it has ${told}${more}; another namespace is chosen with -n`
}

/** @returns the run as it is now */
export async function patchRun({ kube, namespace }: RemoteCluster, name: string, patch: object): Promise<RunObject> {
  return readRun(await kube.mergePatch<AnyObject>({ resource: 'ETLRun', namespace, name }, patch)).run
}

/** The plan that a run started with; undefined: it has not started, its plan is gone, or the user may not see it. */
export async function planOf({ kube }: RemoteCluster, { metadata, status }: RunObject): Promise<Plan | undefined> {
  const { plan: packed, planConfigMap: name } = status
  if (name === undefined) return undefined
  const stored = packed === undefined ? undefined : unpackPlan(packed, metadata, name)
  return (stored ?? (await fromConfigMap(kube, metadata, name)))?.plan
}

async function fromConfigMap(
  kube: RemoteCluster['kube'],
  metadata: RunObject['metadata'],
  name: string,
): Promise<StoredPlan | undefined> {
  try {
    const map = await kube.get<AnyObject>({ resource: 'ConfigMap', namespace: metadata.namespace, name })
    return map === undefined ? undefined : storedPlanOf(map, metadata, name)
  } catch (thrown) {
    if (thrown instanceof ApiFault && thrown.status > 0) return undefined // the status tells the most important steps
    throw thrown
  }
}
