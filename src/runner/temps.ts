// Temps on a local folder (semantics §7).
//
// T1 A step's part is a Parquet file of a unique name; an entry names the winning one and is renamed into place last. So a
//    retry replaces its own part, and readers never see half of one (TMP-4, TMP-7).
// T2 A temp that several steps write has an entry for each, `<process>.<step>.json`; one that is written as a whole has one
//    entry, `whole.json`, whoever writes it. Publishing one form ends the other.
// T3 An entry says which run wrote it, so that a run that is resumed knows what it need not do again.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storageFault } from '../formats/index.ts'
import type { TempTarget } from '../plan/index.ts'
import type { TempPart } from '../step/index.ts'
import { readJson } from './json-file.ts'
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

export const folderCleaner: Cleaner = {
  deleteTree: (path) => rm(path, { recursive: true, force: true }),
}

export class FolderTemps implements RunTemps {
  readonly folders: string[]
  readonly #runId: string
  readonly #scopes: ScopeFolders
  readonly #cleaner: Cleaner

  /** @throws Fault invalid InvalidId */
  constructor(input: { root: string; runId: string; correlationId: string | null; cleaner?: Cleaner }) {
    this.#runId = input.runId
    this.#scopes = scopeFolders(input)
    this.#cleaner = input.cleaner ?? folderCleaner
    this.folders = foldersOf(this.#scopes)
  }

  async begin(target: TempTarget, writer: TempWriter): Promise<TempPart> {
    const folder = tempFolder(target, this.#scopes)
    await mkdir(folder, { recursive: true }).catch((thrown: unknown) => {
      throw storageFault(`write temp "${target.name}"`, folder, thrown)
    })
    const file = partName(writer, randomUUID())
    const entry = entryOf(target, writer)
    const runId = this.#runId
    return {
      path: join(folder, file),
      publish: (rows) =>
        publish({ folder, file, entry, about: { rows, runId, ...writer } }).catch((thrown: unknown) => {
          throw storageFault(`write temp "${target.name}"`, folder, thrown)
        }),
    }
  }

  async isPublished(target: TempTarget, { process, step }: StepOfRun): Promise<boolean> {
    const folder = tempFolder(target, this.#scopes)
    const found = await winning(folder, entryOf(target, { process, step }))
    if (found?.runId !== this.#runId || found.process !== process || found.step !== step) return false
    const part = await stat(join(folder, found.file)).catch(() => undefined)
    // of another size: the machine went down before the part was on its disk
    return part?.size === found.bytes
  }

  async resolve(name: string): Promise<string[]> {
    for (const scope of this.folders) {
      const folder = join(scope, checkedName(name))
      const entries = await entriesIn(folder)
      const files = await Promise.all(entries.map(async (entry) => (await winning(folder, entry))?.file))
      const parts = files.flatMap((file) => (file === undefined ? [] : [join(folder, file)]))
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

interface Publication {
  folder: string
  file: string
  entry: string
  about: TempWriter & { rows: number; runId: string }
}

async function publish({ folder, file, entry, about }: Publication): Promise<void> {
  const before = await winning(folder, entry)
  const draft = join(folder, `${file}.entry`)
  const { size: bytes } = await stat(join(folder, file))
  await writeFile(draft, JSON.stringify({ file, bytes, ...about }), { flush: true })
  await rename(draft, join(folder, entry))
  if (before !== undefined && before.file !== file) await rm(join(folder, before.file), { force: true })
  for (const other of otherForms(await entriesIn(folder), entry)) await rm(join(folder, other), { force: true })
}

async function winning(folder: string, entry: string): Promise<TempEntry | undefined> {
  const path = join(folder, entry)
  const read = await readJson(path)
  if (read === 'missing') return undefined
  return tempEntry(path, read === 'broken' ? undefined : read)
}

async function entriesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return []
    throw thrown
  })
  return names.filter((file) => file.endsWith('.json')).sort()
}
