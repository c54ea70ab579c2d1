// Temps on a local folder (semantics §7).
//
//   <root>/runs/<runId>/<name>/…            scope run
//   <root>/correlations/<id>/<name>/…       scope correlation
//
// T1 A step's part is a Parquet file of a unique name; the entry `<process>.<step>.json` names the winning one and is renamed
//    into place last. So a retry replaces its own part, and readers never see half of one (TMP-4, TMP-7).
// T2 Names and ids are checked before they become paths (TMP-2).
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, isId, isName } from '../base/index.ts'
import type { TempTarget } from '../plan/index.ts'
import type { TempPart, TempStore } from '../step/index.ts'

/** A place for temps that can also clean up: the library's checkpoint store. */
export interface RunTemps extends TempStore {
  cleanRun(): Promise<void>
  cleanCorrelation(): Promise<void>
}

/** Deletes a folder and all below it; replaceable (`cleaner`). */
export interface Cleaner {
  deleteTree(path: string): Promise<void>
}

export const folderCleaner: Cleaner = {
  deleteTree: (path) => rm(path, { recursive: true, force: true }),
}

interface Entry {
  file: string
  rows: number
  attempt: number
}

/** @throws Fault invalid InvalidId */
export function runFolder(root: string, runId: string): string {
  return join(root, 'runs', lawful(runId, 'run id'))
}

/** @throws Fault invalid InvalidId */
export function correlationFolder(root: string, id: string): string {
  return join(root, 'correlations', lawful(id, 'correlation id'))
}

function lawful(id: string, what: string): string {
  if (isId(id)) return id
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidId',
    message: `cannot use ${what} "${id}": it becomes a folder's name; use letters, digits, dot, - and _`,
  })
}

export class FolderTemps implements RunTemps {
  readonly folders: string[]
  readonly #run: string
  readonly #correlation: string | undefined
  readonly #cleaner: Cleaner

  constructor(input: { root: string; runId: string; correlationId: string | null; cleaner?: Cleaner }) {
    this.#run = runFolder(input.root, input.runId)
    this.#correlation = input.correlationId === null ? undefined : correlationFolder(input.root, input.correlationId)
    this.#cleaner = input.cleaner ?? folderCleaner
    this.folders = [this.#run, ...(this.#correlation === undefined ? [] : [this.#correlation])]
  }

  async begin(target: TempTarget, writer: { process: string; step: string; attempt: number }): Promise<TempPart> {
    const folder = join(this.#scopeFolder(target), checkedName(target.name))
    await mkdir(folder, { recursive: true })
    const part = `${writer.process}.${writer.step}`
    const file = `${part}.${writer.attempt}.${randomUUID()}.parquet`
    return {
      path: join(folder, file),
      publish: async (rows) => {
        const entry: Entry = { file, rows, attempt: writer.attempt }
        const before = await readEntry(join(folder, `${part}.json`))
        const draft = join(folder, `${file}.entry`)
        await writeFile(draft, JSON.stringify(entry), { flush: true })
        await rename(draft, join(folder, `${part}.json`))
        if (before !== undefined && before.file !== file) await rm(join(folder, before.file), { force: true })
      },
    }
  }

  async resolve(name: string): Promise<string[]> {
    for (const scope of this.folders) {
      const folder = join(scope, checkedName(name))
      const files = (await namesIn(folder)).filter((file) => file.endsWith('.json')).sort()
      const entries = await Promise.all(files.map((file) => readEntry(join(folder, file))))
      const parts = entries.flatMap((entry) => (entry === undefined ? [] : [join(folder, entry.file)]))
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

function checkedName(name: string): string {
  if (isName(name)) return name
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidName',
    message: `cannot use temp name "${name}": it becomes a folder's name; use lower case letters, digits, - and _`,
  })
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
}

async function readEntry(path: string): Promise<Entry | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Entry
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Fault({
      kind: 'defect',
      code: 'CorruptTemp',
      message: `cannot read temp entry "${path}": ${String(thrown)}; remove the temp's folder and run again`,
      cause: thrown,
    })
  }
}
