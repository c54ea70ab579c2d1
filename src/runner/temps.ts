// Temps on a local folder (semantics §7).
//
//   <root>/runs/<runId>/<name>/…            scope run
//   <root>/correlations/<id>/<name>/…       scope correlation
//
// T1 A step's part is a Parquet file of a unique name; an entry names the winning one and is renamed into place last. So a
//    retry replaces its own part, and readers never see half of one (TMP-4, TMP-7).
// T2 A temp that several steps write has an entry for each, `<process>.<step>.json`; one that is written as a whole has one
//    entry, `whole.json`, whoever writes it. Publishing one form ends the other.
// T3 An entry says which run wrote it, so that a run that is resumed knows what it need not do again.
// T4 Names and ids are checked before they become paths (TMP-2).
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, isId, isName } from '../base/index.ts'
import { storageFault } from '../formats/index.ts'
import type { TempTarget } from '../plan/index.ts'
import type { TempPart, TempStore } from '../step/index.ts'
import { readJson } from './json-file.ts'

/** The temps of one run, that can also be cleaned up; what was removed already may be removed again. */
export interface RunTemps extends TempStore {
  cleanRun(): Promise<void>
  cleanCorrelation(): Promise<void>
}

/** Deletes a folder and all below it, if it is there; replaceable (`cleaner`). */
export interface Cleaner {
  deleteTree(path: string): Promise<void>
}

export const folderCleaner: Cleaner = {
  deleteTree: (path) => rm(path, { recursive: true, force: true }),
}

/** @throws Fault invalid InvalidId */
export function runFolder(root: string, runId: string): string {
  return join(root, 'runs', lawful(runId, 'run id'))
}

/** @throws Fault invalid InvalidId */
export function correlationFolder(root: string, id: string): string {
  return join(root, 'correlations', lawful(id, 'correlation id'))
}

/** Removes the temps that are kept for a correlation id (RUN-18). @throws Fault invalid InvalidId, and what the cleaner throws */
export async function cleanupCorrelation(root: string, id: string, cleaner: Cleaner = folderCleaner): Promise<void> {
  await cleaner.deleteTree(correlationFolder(root, id))
}

/** Removes the temps of a run. @throws Fault invalid InvalidId, and what the cleaner throws */
export async function cleanupRun(root: string, runId: string, cleaner: Cleaner = folderCleaner): Promise<void> {
  await cleaner.deleteTree(runFolder(root, runId))
}

function lawful(id: string, what: string): string {
  if (isId(id)) return id
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidId',
    message: `cannot use ${what} "${id}": it becomes a folder's name; use letters, digits, dot, - and _`,
  })
}

interface StepOfRun {
  process: string
  step: string
}

interface Writer extends StepOfRun {
  attempt: number
}

const WHOLE = 'whole.json'

const entryOf = ({ append }: TempTarget, { process, step }: StepOfRun): string =>
  append ? `${process}.${step}.json` : WHOLE

export class FolderTemps implements RunTemps {
  readonly folders: string[]
  readonly #runId: string
  readonly #run: string
  readonly #correlation: string | undefined
  readonly #cleaner: Cleaner

  /** @throws Fault invalid InvalidId */
  constructor(input: { root: string; runId: string; correlationId: string | null; cleaner?: Cleaner }) {
    this.#runId = input.runId
    this.#run = runFolder(input.root, input.runId)
    this.#correlation = input.correlationId === null ? undefined : correlationFolder(input.root, input.correlationId)
    this.#cleaner = input.cleaner ?? folderCleaner
    this.folders = [this.#run, ...(this.#correlation === undefined ? [] : [this.#correlation])]
  }

  async begin(target: TempTarget, writer: Writer): Promise<TempPart> {
    const folder = join(this.#scopeFolder(target), checkedName(target.name))
    await mkdir(folder, { recursive: true }).catch((thrown: unknown) => {
      throw storageFault(`write temp "${target.name}"`, folder, thrown)
    })
    const file = `${writer.process}.${writer.step}.${writer.attempt}.${randomUUID()}.parquet`
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
    const folder = join(this.#scopeFolder(target), checkedName(target.name))
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
    throw new Fault({
      kind: 'missing',
      code: 'TempNotFound',
      message: `cannot read temp "${name}": it has not been written in this run${this.#correlation === undefined ? '' : ' nor kept for its correlation id'}; include the step that writes it`,
    })
  }

  async cleanRun(): Promise<void> {
    await this.#cleaner.deleteTree(this.#run)
  }

  async cleanCorrelation(): Promise<void> {
    if (this.#correlation !== undefined) await this.#cleaner.deleteTree(this.#correlation)
  }

  #scopeFolder(target: TempTarget): string {
    if (target.scope === 'run') return this.#run
    if (this.#correlation !== undefined) return this.#correlation
    throw new Fault({
      kind: 'invalid',
      code: 'CorrelationIdMissing',
      message: `cannot keep temp "${target.name}" for a correlation id: the run has none; give it one, or use scope: run`,
    })
  }
}

interface Publication {
  folder: string
  file: string
  entry: string
  about: Writer & { rows: number; runId: string }
}

async function publish({ folder, file, entry, about }: Publication): Promise<void> {
  const before = await winning(folder, entry)
  const draft = join(folder, `${file}.entry`)
  const { size: bytes } = await stat(join(folder, file))
  await writeFile(draft, JSON.stringify({ file, bytes, ...about }), { flush: true })
  await rename(draft, join(folder, entry))
  if (before !== undefined && before.file !== file) await rm(join(folder, before.file), { force: true })
  const others = (await entriesIn(folder)).filter((other) => (entry === WHOLE) !== (other === WHOLE))
  for (const other of others) await rm(join(folder, other), { force: true })
}

interface Entry {
  file: string
  bytes: unknown
  runId: unknown
  process: unknown
  step: unknown
}

async function winning(folder: string, entry: string): Promise<Entry | undefined> {
  const path = join(folder, entry)
  const read = await readJson(path)
  if (read === 'missing') return undefined
  if (read !== 'broken' && typeof read['file'] === 'string') {
    const { file, bytes, runId, process, step } = read
    return { file, bytes, runId, process, step }
  }
  throw new Fault({
    kind: 'defect',
    code: 'CorruptTemp',
    message: `cannot read temp entry "${path}": it is damaged; remove its folder and run again`,
  })
}

function checkedName(name: string): string {
  if (isName(name)) return name
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidName',
    message: `cannot use temp name "${name}": it becomes a folder's name; use lower case letters, digits, - and _`,
  })
}

async function entriesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return []
    throw thrown
  })
  return names.filter((file) => file.endsWith('.json')).sort()
}
