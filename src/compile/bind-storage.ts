// Where the things that a plan names lie (STO-1…5): absolute local places, from what the storage says and the folders that
// the caller gives.

import { hashOf } from '../base/index.ts'
import type { Path, StorageSpec } from '../manifest/index.ts'
import { type Plan, type StorageBinding, stepsOf, type TableLocation } from '../plan/index.ts'
import { Findings } from './findings.ts'
import type { CompileFacts } from './input.ts'

/** Where everything lies when the storage does not say. */
const DEFAULT_ROOTS = { tables: '.loom/lake', temps: '.loom/temp' } as const

const SIZE_UNITS = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 } as const

export function bindStorage(
  plan: Pick<Plan, 'stages'>,
  storage: StorageSpec,
  facts: CompileFacts,
  findings: Findings,
): StorageBinding {
  const place = (uri: string, path: Path): string => localPlace(uri, facts.workingFolder, { path, findings })
  const { defaults, temp } = storage
  checkDoubles(storage, findings)
  const tableRoot = place(defaults?.tablePath?.uri ?? DEFAULT_ROOTS.tables, ['spec', 'defaults', 'tablePath', 'uri'])
  const tables: Record<string, TableLocation> = {}
  for (const ref of refsOf(plan)) tables[ref] = tableLocation(ref, { storage, tableRoot, place })
  const files: Record<string, string> = {}
  for (const [i, file] of (storage.files ?? []).entries())
    files[file.name] = place(file.path.uri, ['spec', 'files', i, 'path', 'uri'])
  const bound = {
    version: 1 as const,
    tables,
    files,
    fileRoot:
      defaults?.filePath === undefined
        ? facts.manifestFolder
        : place(defaults.filePath.uri, ['spec', 'defaults', 'filePath', 'uri']),
    moduleRoot:
      defaults?.modulePath === undefined
        ? facts.manifestFolder
        : place(defaults.modulePath.uri, ['spec', 'defaults', 'modulePath', 'uri']),
    tempRoot: place(temp?.root ?? DEFAULT_ROOTS.temps, ['spec', 'temp', 'root']),
    missingTablePolicy: storage.missingTablePolicy ?? 'create',
  }
  return { ...bound, hash: hashOf(bound) }
}

/** Where temps and run records lie, without a plan. */
export function tempRootOf(storage: StorageSpec, facts: CompileFacts): string {
  return bindStorage({ stages: [] }, storage, facts, new Findings()).tempRoot
}

/** Where a table of that name lies, without a plan. */
export function locationOf(ref: string, storage: StorageSpec, facts: CompileFacts): TableLocation {
  const findings = new Findings()
  const place = (uri: string, path: Path): string => localPlace(uri, facts.workingFolder, { path, findings })
  const tableRoot = place(storage.defaults?.tablePath?.uri ?? DEFAULT_ROOTS.tables, [
    'spec',
    'defaults',
    'tablePath',
    'uri',
  ])
  return tableLocation(ref, { storage, tableRoot, place })
}

/** Every table ref of a plan, sorted. */
function refsOf(plan: Pick<Plan, 'stages'>): string[] {
  const refs = new Set<string>()
  for (const { sources, target } of stepsOf(plan)) {
    for (const source of sources) if (source.kind === 'table') refs.add(source.ref)
    if (target.kind === 'table') refs.add(target.ref)
  }
  return [...refs].sort()
}

/** A table of its own place, or the default root with the ref's dots as folders (STO-4). */
function tableLocation(
  ref: string,
  {
    storage,
    tableRoot,
    place,
  }: { storage: StorageSpec; tableRoot: string; place: (uri: string, path: Path) => string },
): TableLocation {
  const index = (storage.tables ?? []).findIndex(({ name }) => name === ref)
  const own = storage.tables?.[index]?.path
  const settings = own ?? storage.defaults?.tablePath
  return {
    uri:
      own === undefined
        ? `${tableRoot}/${ref.split('.').join('/')}`
        : place(own.uri, ['spec', 'tables', index, 'path', 'uri']),
    targetFileSize: sizeOf(settings?.targetFileSize),
    properties: { ...storage.defaults?.tablePath?.properties, ...own?.properties },
  }
}

function sizeOf(text: string | undefined): number | null {
  const match = /^([0-9]+)(Ki|Mi|Gi)$/.exec(text ?? '')
  return match === null ? null : Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]
}

/** An absolute path without a trailing slash; `file://` is taken off, `.` and `..` are resolved. */
function localPlace(uri: string, workingFolder: string, report: { path: Path; findings: Findings }): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(uri)?.[1]
  if (scheme !== undefined && scheme !== 'file') {
    report.findings.error('UnsupportedScheme', report.path, {
      message: `"${uri}": ${scheme}:// is not supported`,
      hint: 'give a local path or a file:// URI (on Kubernetes: a mounted volume)',
    })
    return uri
  }
  const path = scheme === 'file' ? decodeURIComponent(uri.slice('file://'.length)) : uri
  return normalised(path.startsWith('/') ? path : `${workingFolder}/${path}`)
}

function normalised(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') kept.pop()
    else kept.push(segment)
  }
  return `/${kept.join('/')}`
}

function checkDoubles(storage: StorageSpec, findings: Findings): void {
  for (const field of ['tables', 'files'] as const) {
    const seen = new Set<string>()
    for (const [i, { name }] of (storage[field] ?? []).entries()) {
      if (seen.has(name))
        findings.error('DuplicateStorageEntry', ['spec', field, i, 'name'], {
          message: `"${name}" is listed twice in ${field} of the storage`,
          hint: 'list it once',
        })
      seen.add(name)
    }
  }
}
