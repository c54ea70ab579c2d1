// Reads manifests as kubectl does: files, folders, standard input; and TypeScript modules whose default export is a document.
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type LocatedProblem, type ParsedDocument, parseFiles, parseValue, type SourceFile } from '../manifest/index.ts'
import type { Io } from './io.ts'
import { UsageError } from './io.ts'

const TEXT = ['.yaml', '.yml', '.json']
const CODE = ['.ts', '.mts', '.js', '.mjs']

/** A document, and the folder of the file it stands in. */
export type LoadedDocument = ParsedDocument & { folder: string; file: string }

export interface Loaded {
  documents: LoadedDocument[]
  problems: LocatedProblem[]
  /** File name → its text, for excerpts. */
  texts: Map<string, string>
}

/** @throws UsageError when a file can't be read */
export async function loadManifests(paths: readonly string[], io: Pick<Io, 'cwd'>): Promise<Loaded> {
  if (paths.length === 0)
    throw new UsageError('cannot read manifests: no file is given; name one with -f FILE, or a folder')
  const files = (await Promise.all(paths.map((path) => filesOf(path, io.cwd)))).flat()
  const texts: SourceFile[] = []
  const loaded: Loaded = { documents: [], problems: [], texts: new Map() }
  for (const file of files) {
    if (CODE.includes(extname(file))) await loadModule(file, io.cwd, loaded)
    else texts.push({ name: file, text: file === '-' ? await standardInput() : await readText(file, io.cwd) })
  }
  const parsed = parseFiles(texts)
  for (const { name, text } of texts) loaded.texts.set(name, text)
  for (const document of parsed.documents) loaded.documents.push(placed(document, document.locate('').file, io.cwd))
  loaded.problems.unshift(...parsed.problems)
  return loaded
}

function placed(document: ParsedDocument, file: string, cwd: string): LoadedDocument {
  return { ...document, file, folder: file === '-' ? cwd : dirname(resolve(cwd, file)) }
}

async function filesOf(path: string, cwd: string): Promise<string[]> {
  if (path === '-') return [path]
  const found = await stat(resolve(cwd, path)).catch((thrown: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot read "${path}": ${thrown.code === 'ENOENT' ? 'there is no such file or folder' : thrown.message}; check the path`,
    )
  })
  if (!found.isDirectory()) return [path]
  const names = (await readdir(resolve(cwd, path))).filter((name) => TEXT.includes(extname(name))).sort()
  if (names.length === 0)
    throw new UsageError(`cannot read "${path}": the folder holds no ${TEXT.join(', ')} file; name a file`)
  return names.map((name) => join(path, name))
}

async function readText(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8')
  } catch (thrown) {
    throw new UsageError(`cannot read "${file}": ${(thrown as Error).message}; check the file`)
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function loadModule(file: string, cwd: string, loaded: Loaded): Promise<void> {
  const path = isAbsolute(file) ? file : join(cwd, file)
  const module: { default?: unknown } = await import(pathToFileURL(path).href).catch((thrown: unknown) => {
    throw new UsageError(
      `cannot load "${relative(cwd, path)}": ${thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)}; correct the module`,
    )
  })
  const exported = module.default
  if (exported === undefined)
    throw new UsageError(`cannot load "${file}": it has no default export; export default pipeline(…)`)
  for (const value of Array.isArray(exported) ? exported : [exported]) {
    const { documents, problems } = parseValue(value, file)
    loaded.documents.push(...documents.map((document) => placed(document, file, cwd)))
    loaded.problems.push(...problems)
  }
}
