// Reads manifests as kubectl does: files, folders, standard input; and modules whose default export is a document or a list.
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { didYouMean, Fault, firstLine } from '../base/index.ts'
import { type LocatedProblem, type ParsedDocument, parseFiles, parseValue, type SourceFile } from '../manifest/index.ts'
import { type Io, UsageError } from './io.ts'

const TEXT = ['.yaml', '.yml', '.json']
const CODE = ['.ts', '.mts', '.js', '.mjs']
const STANDARD_INPUT = '<stdin>'

/** A document, and the absolute folder of the file it stands in. */
export type LoadedDocument = ParsedDocument & { folder: string; file: string }
export type StorageLoaded = Extract<LoadedDocument, { kind: 'ETLStorage' }>

export interface Loaded {
  documents: LoadedDocument[]
  problems: LocatedProblem[]
  /** File name → its text, for excerpts. */
  texts: Map<string, string>
  /** The one that the command line asks for. */
  storage?: StorageLoaded
}

/** @throws UsageError when a file can't be read; Fault Interrupted while standard input is awaited */
export async function loadManifests(paths: readonly string[], io: Pick<Io, 'cwd' | 'signal'>): Promise<Loaded> {
  if (paths.length === 0)
    throw new UsageError('cannot read manifests: no file is given; name one with -f FILE, or a folder')
  const found = (await Promise.all(paths.map((path) => filesOf(path, io.cwd)))).flat()
  const loaded: Loaded = { documents: [], problems: [], texts: new Map() }
  const texts: SourceFile[] = []
  for (const file of onlyOnce(found, io.cwd)) {
    if (CODE.includes(extname(file))) await loadModule(file, io.cwd, loaded)
    else if (file === '-') texts.push({ name: STANDARD_INPUT, text: await standardInput(io.signal) })
    else texts.push({ name: file, text: await readText(file, io.cwd) })
  }
  const parsed = parseFiles(texts)
  for (const { name, text } of texts) loaded.texts.set(name, text)
  for (const document of parsed.documents) loaded.documents.push(placed(document, document.locate('').file, io.cwd))
  loaded.problems.unshift(...parsed.problems)
  return loaded
}

/**
 * With the storage of a file of its own, which is used whatever the runs name.
 * @throws UsageError when the file holds none, or several and none is called default
 */
export async function loadStorage(
  loaded: Loaded,
  file: string | undefined,
  io: Pick<Io, 'cwd' | 'signal'>,
): Promise<Loaded> {
  if (file === undefined) return loaded
  const { documents, problems, texts } = await loadManifests([file], io)
  const known = new Set(loaded.documents.map((document) => resolve(io.cwd, document.file)))
  const all: Loaded = {
    documents: loaded.documents,
    problems: known.has(resolve(io.cwd, file)) ? loaded.problems : [...loaded.problems, ...problems],
    texts: new Map([...loaded.texts, ...texts]),
  }
  if (problems.some(({ severity }) => severity === 'error')) return all
  const storages = documents.filter((document) => document.kind === 'ETLStorage')
  const storage = storages.find(({ name }) => name === 'default') ?? (storages.length === 1 ? storages[0] : undefined)
  if (storage !== undefined) return { ...all, storage }
  const why =
    storages.length === 0
      ? 'it holds no ETLStorage; name the file that does'
      : `it holds ${storages.map(({ name }) => name).join(', ')}, and none is called default; leave one of them`
  throw new UsageError(`cannot use storage "${file}": ${why}`)
}

function placed(document: ParsedDocument, file: string, cwd: string): LoadedDocument {
  return { ...document, file, folder: file === STANDARD_INPUT ? cwd : dirname(resolve(cwd, file)) }
}

/** A file that is named itself and lies in a named folder as well is read once. */
function onlyOnce(files: readonly string[], cwd: string): string[] {
  const first = new Map(files.toReversed().map((file) => [file === '-' ? file : resolve(cwd, file), file]))
  return files.filter((file, i) => {
    const key = file === '-' ? file : resolve(cwd, file)
    return first.get(key) === file && files.indexOf(file) === i
  })
}

async function filesOf(path: string, cwd: string): Promise<string[]> {
  if (path === '-') return [path]
  const found = await stat(resolve(cwd, path)).catch(async (thrown: unknown) => {
    throw await unreadable(path, cwd, thrown)
  })
  if (!found.isDirectory()) return [path]
  const names = (await readdir(resolve(cwd, path))).filter(isManifest).sort()
  if (names.length === 0)
    throw new UsageError(`cannot read "${path}": the folder holds no file ending in ${TEXT.join(', ')}; name a file`)
  return names.map((name) => join(path, name))
}

/** A folder may have a list of its files for `kubectl apply -k` in it. */
function isManifest(name: string): boolean {
  return TEXT.includes(extname(name)) && !/^kustomization\.ya?ml$/.test(name)
}

async function readText(file: string, cwd: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(resolve(cwd, file)))
  } catch (thrown) {
    throw await unreadable(file, cwd, thrown)
  }
}

async function unreadable(path: string, cwd: string, thrown: unknown): Promise<UsageError> {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const neighbours = await readdir(dirname(resolve(cwd, path))).catch(() => [])
    const near = didYouMean(
      path,
      neighbours.map((name) => join(dirname(path), name)),
    )
    return new UsageError(`cannot read "${path}": there is no such file or folder${near || '; check the path'}`)
  }
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return new UsageError(`cannot read "${path}": it is no UTF-8 text; save it as UTF-8`)
  if (code === 'EACCES') return new UsageError(`cannot read "${path}": it is not readable; correct its permissions`)
  return new UsageError(
    `cannot read "${path}": ${thrown instanceof Error ? firstLine(thrown.message) : String(thrown)}`,
  )
}

async function standardInput(signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of addAbortSignal(signal, process.stdin)) chunks.push(chunk)
  } catch (thrown) {
    if (!signal.aborted) throw thrown
    throw new Fault({ kind: 'transient', code: 'Interrupted', message: 'cannot read standard input: interrupted' })
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function loadModule(file: string, cwd: string, loaded: Loaded): Promise<void> {
  const { importManifest } = await import('./import-manifest.ts')
  const exported = await importManifest(resolve(cwd, file), file)
  for (const value of Array.isArray(exported) ? exported : [exported]) {
    const { documents, problems } = parseValue(value, file)
    loaded.documents.push(...documents.map((document) => placed(document, file, cwd)))
    loaded.problems.push(...problems)
  }
}
