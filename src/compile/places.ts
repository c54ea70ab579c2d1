// Where the things that a pipeline names lie (STO-1…8): absolute paths and s3:// URIs, from what the storage says and the folders
// that the caller gives. Only what is asked for is looked at: a storage may hold places that this version can't use.
import { isObjectUri } from '../base/index.ts'
import type { Path, StorageSpec } from '../manifest/index.ts'
import type { FileLocation, ObjectStoreBinding, TableLocation } from '../plan/index.ts'
import { Findings } from './findings.ts'
import type { CompileFacts } from './input.ts'
import { absolutePath, knownPlace } from './known-place.ts'

/** Where everything lies when the storage does not say. */
const DEFAULT_ROOTS = { tables: '.loom/lake', temps: '.loom/temp' } as const

const SIZE_UNITS = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 } as const

export class Places {
  readonly #storage: StorageSpec
  readonly #facts: Pick<CompileFacts, 'workingFolder' | 'manifestFolder'>
  readonly #findings: Findings

  /** @param findings where wrong places are reported; without, they are passed over */
  constructor(
    storage: StorageSpec,
    facts: Pick<CompileFacts, 'workingFolder' | 'manifestFolder'>,
    findings: Findings = new Findings(),
  ) {
    this.#storage = storage
    this.#facts = facts
    this.#findings = findings
  }

  /** A table of its own place, or the default root with the ref's dots as folders (STO-4). */
  table(ref: string): TableLocation {
    const { defaults, tables = [] } = this.#storage
    const index = tables.findIndex(({ name }) => name === ref)
    const own = tables[index]?.path
    const size = own?.targetFileSize ?? defaults?.tablePath?.targetFileSize
    return {
      uri:
        own === undefined
          ? `${this.tableRoot().replace(/^\/$/, '')}/${ref.split('.').join('/')}`
          : this.#place(own.uri, ['spec', 'tables', index, 'path', 'uri']),
      targetFileSize: sizeOf(size),
      properties: { ...defaults?.tablePath?.properties, ...own?.properties },
    }
  }

  /** Of a file that the storage names; undefined when it names none so. */
  namedFile(name: string): string | undefined {
    const { files = [] } = this.#storage
    const index = files.findIndex((file) => file.name === name)
    const uri = files[index]?.path.uri
    return uri === undefined ? undefined : this.#place(uri, ['spec', 'files', index, 'path', 'uri'])
  }

  file(location: FileLocation): string | undefined {
    return 'file' in location ? this.namedFile(location.file) : absolutePath(location.path, this.fileRoot())
  }

  fileRoot(): string {
    const uri = this.#storage.defaults?.filePath?.uri
    return uri === undefined ? this.#facts.manifestFolder : this.#place(uri, ['spec', 'defaults', 'filePath', 'uri'])
  }

  moduleRoot(): string {
    const uri = this.#storage.defaults?.modulePath?.uri
    if (uri === undefined) return this.#facts.manifestFolder
    const path: Path = ['spec', 'defaults', 'modulePath', 'uri']
    const place = this.#place(uri, path)
    if (isObjectUri(place))
      this.#findings.error('UnsupportedScheme', path, {
        message: `${JSON.stringify(uri)}: code modules can't be in an object store`,
        hint: 'give a folder (on Kubernetes: of a mounted volume)',
        document: 'storage',
      })
    return place
  }

  /** Of all tables that have no place of their own. */
  tableRoot(): string {
    const root = this.#storage.defaults?.tablePath?.uri ?? DEFAULT_ROOTS.tables
    return this.#place(root, ['spec', 'defaults', 'tablePath', 'uri'])
  }

  tempRoot(): string {
    return this.#place(this.#storage.temp?.root ?? DEFAULT_ROOTS.temps, ['spec', 'temp', 'root'])
  }

  /** Where records and scratch files of runs lie when temps are in an object store; undefined: beside the temps. */
  recordRoot(): string | undefined {
    return isObjectUri(this.tempRoot()) ? absolutePath(DEFAULT_ROOTS.temps, this.#facts.workingFolder) : undefined
  }

  /** How the store of s3:// places is reached; undefined: as the environment says. */
  objectStore(): ObjectStoreBinding | undefined {
    const s3 = this.#storage.objectStore?.s3
    if (s3 === undefined) return undefined
    const { endpoint = null, region = null, pathStyle = endpoint !== null, credentials } = s3
    const credentialsSecret = credentials?.secretRef.name ?? null
    return { s3: { endpoint: endpoint?.replace(/\/$/, '') ?? null, region, pathStyle, credentialsSecret } }
  }

  #place(uri: string, path: Path): string {
    const place = knownPlace(uri)
    if ('path' in place) return absolutePath(place.path, this.#facts.workingFolder)
    const { code, why, hint } = place
    this.#findings.error(code, path, { message: `${JSON.stringify(uri)}: ${why}`, hint, document: 'storage' })
    return uri
  }
}

function sizeOf(text: string | undefined): number | null {
  const match = /^([0-9]+)(Ki|Mi|Gi)$/.exec(text ?? '')
  return match === null ? null : Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]
}
