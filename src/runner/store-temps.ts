// Temps in an object store. As in a folder (temps.ts): parts of unique names, and an entry, put last and as a whole, that
// names the one which counts.
import { randomUUID } from 'node:crypto'
import type { TempTarget } from '../plan/index.ts'
import type { ObjectStore, OpenStore, TempPart } from '../step/index.ts'
import {
  type Cleaner,
  checkedName,
  entryOf,
  foldersOf,
  otherForms,
  partName,
  type RunTemps,
  type ScopeFolders,
  type StepOfRun,
  scopeFolders,
  type TempEntry,
  type TempWriter,
  tempEntry,
  tempFolder,
  tempNotFound,
} from './temp-places.ts'

/** So many objects are deleted at a time. */
const DELETE_BATCH = 16

export function storeCleaner(openStore: OpenStore): Cleaner {
  return {
    async deleteTree(uri) {
      const store = openStore(uri)
      const objects = await store.list('')
      for (let from = 0; from < objects.length; from += DELETE_BATCH)
        await Promise.all(objects.slice(from, from + DELETE_BATCH).map(({ path }) => store.delete(path)))
    },
  }
}

export interface StoreTempsInput {
  /** `s3://bucket/key` */
  root: string
  runId: string
  correlationId: string | null
  openStore: OpenStore
  cleaner?: Cleaner
}

export class StoreTemps implements RunTemps {
  readonly folders: string[]
  readonly #runId: string
  readonly #scopes: ScopeFolders
  readonly #openStore: OpenStore
  readonly #cleaner: Cleaner

  /** @throws Fault invalid InvalidId */
  constructor({ cleaner, openStore, ...input }: StoreTempsInput) {
    this.#runId = input.runId
    this.#scopes = scopeFolders(input)
    this.#openStore = openStore
    this.#cleaner = cleaner ?? storeCleaner(openStore)
    this.folders = foldersOf(this.#scopes)
  }

  async begin(target: TempTarget, writer: TempWriter): Promise<TempPart> {
    const store = this.#openStore(tempFolder(target, this.#scopes))
    const file = partName(writer, randomUUID())
    const about = { ...writer, runId: this.#runId }
    return {
      path: `${store.root}/${file}`,
      publish: async (rows) => {
        const bytes = await sizeOf(store, file)
        await publish(store, entryOf(target, writer), { ...about, file, bytes, rows })
      },
    }
  }

  async isPublished(target: TempTarget, { process, step }: StepOfRun): Promise<boolean> {
    const store = this.#openStore(tempFolder(target, this.#scopes))
    const found = await winning(store, entryOf(target, { process, step }))
    if (found?.runId !== this.#runId || found.process !== process || found.step !== step) return false
    return (await sizeOf(store, found.file)) === found.bytes
  }

  async resolve(name: string): Promise<string[]> {
    for (const scope of this.folders) {
      const store = this.#openStore(`${scope}/${checkedName(name)}`)
      const entries = await Promise.all((await entriesIn(store)).map((entry) => winning(store, entry)))
      const parts = entries.flatMap((entry) => (entry === undefined ? [] : [`${store.root}/${entry.file}`]))
      if (parts.length > 0) return parts
    }
    throw tempNotFound(name, this.#scopes)
  }

  async cleanRun(): Promise<void> {
    await this.#cleaner.deleteTree(this.#scopes.run)
  }

  async cleanCorrelation(): Promise<void> {
    if (this.#scopes.correlation !== undefined) await this.#cleaner.deleteTree(this.#scopes.correlation)
  }
}

interface Publication extends TempWriter {
  file: string
  bytes: number
  rows: number
  runId: string
}

async function publish(store: ObjectStore, entry: string, about: Publication): Promise<void> {
  const before = await winning(store, entry)
  await store.put(entry, new TextEncoder().encode(JSON.stringify(about)))
  if (before !== undefined && before.file !== about.file) await store.delete(before.file)
  for (const other of otherForms(await entriesIn(store), entry)) await store.delete(other)
}

async function winning(store: ObjectStore, entry: string): Promise<TempEntry | undefined> {
  const bytes = await store.get(entry)
  return bytes === undefined ? undefined : tempEntry(`${store.root}/${entry}`, objectIn(bytes))
}

function objectIn(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** -1: there is none. */
async function sizeOf(store: ObjectStore, path: string): Promise<number> {
  return (await store.list(path)).find((object) => object.path === path)?.size ?? -1
}

async function entriesIn(store: ObjectStore): Promise<string[]> {
  return (await store.list('')).map(({ path }) => path).filter((path) => path.endsWith('.json'))
}
