// What a step may reach alone, and what those that share an instance may reach together.
//
// RE1 Steps of one run: what any of them declares. Steps of any runs on one storage: the storage's own folders, and only steps
//     that declare nothing beside these; a pipeline may name any place in there anyway.
// RE2 The same members, the same object: an instance serves one reach.
import { join, posix } from 'node:path'
import { Fault, isObjectUri } from '../../base/index.ts'
import type { StepPlan, StorageBinding } from '../../plan/index.ts'
import { sourceOn } from '../../sources/index.ts'
import type { Company, StepContext } from '../../step/index.ts'
import { targetOn } from '../../targets/index.ts'
import type { Reach } from './closed-instance.ts'
import { sharing } from './company.ts'
import { bucketsOf, S3_EXTENSION } from './s3-access.ts'

/** undefined: there is nobody to share with. */
const reaches = new WeakMap<Company, Reach | undefined>()

export function reachOf(step: StepPlan, context: StepContext): Reach {
  const target = targetOn('duckdb', step.target)
  const sources = step.sources.map((source) => sourceOn('duckdb', source))
  const folders = [...sources.flatMap((source) => source.folders(context)), ...target.folders(context)]
  const files = [...sources.flatMap((source) => source.files(context)), ...target.files(context)]
  const declared = [...sources.flatMap((source) => source.extensions()), ...target.extensions()]
  return {
    folders,
    files,
    extensions: [...new Set([...declared, ...storeExtensions([...folders, ...files])])],
    objectStore: context.storage.objectStore,
    spillFolder: join(context.workFolder, 'spill'),
  }
}

const storeExtensions = (places: string[]): string[] => (bucketsOf(places).length > 0 ? [S3_EXTENSION] : [])

/** What all that share with the step may reach; undefined: it has to be alone. */
export function sharedReach(step: StepPlan, context: StepContext): Reach | undefined {
  const { company } = context
  if (company === undefined) return undefined
  if (company.steps === undefined) return reachOfStorage(step, context, company)
  if (!reaches.has(company)) reaches.set(company, reachOfRun(company.steps, context, company))
  return reaches.get(company)
}

function reachOfRun(steps: readonly StepPlan[], context: StepContext, { workFolder }: Company): Reach | undefined {
  const each = sharing(steps).flatMap((step) => knownReach(step, context))
  if (each.length < 2) return undefined
  return {
    folders: [...new Set(each.flatMap(({ folders }) => folders))],
    files: [...new Set(each.flatMap(({ files }) => files))],
    extensions: [...new Set(each.flatMap(({ extensions }) => extensions))],
    objectStore: context.storage.objectStore,
    spillFolder: join(workFolder, 'spill'),
  }
}

/** Nothing for a step that names what there is not: it fails by itself, and no other one for its sake. */
function knownReach(step: StepPlan, context: StepContext): Reach[] {
  try {
    return [reachOf(step, context)]
  } catch (thrown) {
    if (thrown instanceof Fault) return []
    throw thrown
  }
}

function reachOfStorage(step: StepPlan, context: StepContext, company: Company): Reach | undefined {
  const folders = foldersOf(context.storage)
  const isInside = (place: string) => folders.some((folder) => isBelow(place, folder))
  const own = knownReach(step, context)
  if (!own.some((reach) => reach.extensions.length === 0 && [...reach.folders, ...reach.files].every(isInside)))
    return undefined
  const known = reaches.get(company)
  if (known !== undefined && known.folders.join('\n') === folders.join('\n')) return known
  const reach: Reach = { folders, files: [], extensions: [], spillFolder: join(company.workFolder, 'spill') }
  reaches.set(company, reach)
  return reach
}

/** Where a storage has its tables, temps and files. Not an object store: who may read there may change, and an instance lives long. */
function foldersOf({ tableRoot, tempRoot, fileRoot }: StorageBinding): string[] {
  const roots = [tableRoot, tempRoot, fileRoot].filter((root) => root !== undefined)
  return [...new Set(roots)].filter((root) => root !== '/' && !isObjectUri(root)).sort()
}

const isBelow = (place: string, folder: string): boolean =>
  posix.normalize(place) === place && (place === folder || place.startsWith(`${folder}/`))
