// The storage binding of a plan: the places of everything that it names, hashed apart from it.
import { hashOf } from '../base/index.ts'
import type { StorageSpec } from '../manifest/index.ts'
import { type ObjectStoreBinding, type Plan, type StorageBinding, stepsOf, type TableLocation } from '../plan/index.ts'
import type { Findings } from './findings.ts'
import type { CompileFacts } from './input.ts'
import { Places } from './places.ts'

export function bindStorage(plan: Pick<Plan, 'stages'>, places: Places, storage: StorageSpec): StorageBinding {
  const [recordRoot, objectStore] = [places.recordRoot(), places.objectStore()]
  const bound = {
    version: 1 as const,
    tables: Object.fromEntries(tableRefs(plan).map((ref) => [ref, places.table(ref)])),
    files: Object.fromEntries(fileNames(plan).map((name) => [name, places.namedFile(name) ?? ''])),
    tableRoot: places.tableRoot(),
    fileRoot: places.fileRoot(),
    moduleRoot: places.moduleRoot(),
    tempRoot: places.tempRoot(),
    ...(recordRoot === undefined ? {} : { recordRoot }),
    ...(objectStore === undefined ? {} : { objectStore }),
    missingTablePolicy: storage.missingTablePolicy ?? 'create',
  }
  return { ...bound, hash: hashOf(bound) }
}

/** Where temps and run records lie, without a plan. */
export function tempRootOf(storage: StorageSpec, facts: CompileFacts): string {
  return new Places(storage, facts).tempRoot()
}

/** How the store of s3:// places is reached, without a plan. */
export function objectStoreOf(storage: StorageSpec, facts: CompileFacts): ObjectStoreBinding | undefined {
  return new Places(storage, facts).objectStore()
}

/** Where a table of that name lies, without a plan. */
export function locationOf(ref: string, storage: StorageSpec, facts: CompileFacts): TableLocation {
  return new Places(storage, facts).table(ref)
}

/** STO-1: what is listed twice would be found once. */
export function checkStorage(storage: StorageSpec, findings: Findings): void {
  for (const field of ['tables', 'files'] as const) {
    const seen = new Set<string>()
    for (const [i, { name }] of (storage[field] ?? []).entries()) {
      if (seen.has(name))
        findings.error('DuplicateStorageEntry', ['spec', field, i, 'name'], {
          message: `"${name}" is listed twice in ${field} of the storage`,
          hint: 'list it once',
          document: 'storage',
        })
      seen.add(name)
    }
  }
}

/** Sorted. */
function tableRefs(plan: Pick<Plan, 'stages'>): string[] {
  const refs = stepsOf(plan).flatMap(({ sources, target }) => [
    ...sources.flatMap((source) => (source.kind === 'table' ? [source.ref] : [])),
    ...(target.kind === 'table' ? [target.ref] : []),
  ])
  return [...new Set(refs)].sort()
}

/** Sorted. */
function fileNames(plan: Pick<Plan, 'stages'>): string[] {
  const names = stepsOf(plan).flatMap(({ sources, target }) =>
    [...sources, target].flatMap((end) => (end.kind === 'file' && 'file' in end.location ? [end.location.file] : [])),
  )
  return [...new Set(names)].sort()
}
