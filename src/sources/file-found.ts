// Looks whether the files of a source are there and hold anything, before the engine reads them: an empty file has no
// columns, and the engine would make some up.
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { Fault, isObjectUri } from '../base/index.ts'
import type { FileSource } from '../plan/index.ts'
import { filePath, type SqlSession, type StepContext, textLiteral } from '../step/index.ts'
import { bytesOf, type ReadBytes } from './file-bytes.ts'
import { fixedFolder, isGlob, matcher } from './file-glob.ts'
import { gzipSizes } from './file-gzip.ts'

export interface FoundFiles {
  /** Absolute, maybe with wildcards. */
  path: string
  files: string[]
  /** The path has wildcards, so that files may differ in their columns. */
  several: boolean
  readBytes: ReadBytes
}

/** Files of so few bytes are read to see whether there is more than white space in them. */
const LOOK_INTO_BYTES = 256

/** @throws Fault missing FileNotFound, invalid EmptyFile */
export async function checkPresent(source: FileSource, session: SqlSession, context: StepContext): Promise<FoundFiles> {
  const path = filePath(source.location, context.storage)
  const sizes = isObjectUri(path)
    ? await objectSizes(source, path, context)
    : await fileSizes(source, path, { session, context })
  const readBytes = bytesOf(context)
  const found = { path, files: [...sizes.keys()], several: isGlob(path), readBytes }
  if (source.format !== 'csv' && source.format !== 'json') return found
  const filled = found.files.filter((file) => sizes.get(file) !== 0)
  for (const [file, size] of await gzipSizes(filled, readBytes, context.signal)) sizes.set(file, size)
  for (const [file, size] of sizes) {
    if (!(await isEmpty(file, size, readBytes))) continue
    throw new Fault({
      kind: 'invalid',
      code: 'EmptyFile',
      message: `cannot read file "${file}" of source "${source.alias}": it is empty; write it again, or take it out of the path`,
    })
  }
  return found
}

async function fileSizes(
  source: FileSource,
  path: string,
  { session, context: { storage } }: { session: SqlSession; context: StepContext },
): Promise<Map<string, number>> {
  const files = isGlob(path)
    ? (await session.rows(`SELECT file FROM glob(${textLiteral(path)}) ORDER BY file`)).map((row) =>
        String(row['file']),
      )
    : [path]
  if (files.length === 0) throw notFound(source, `no file matches "${path}"`, storage.fileRoot)
  const sizes = new Map<string, number>()
  for (const file of files) {
    const info = await stat(file).catch(() => undefined)
    if (info === undefined) throw notFound(source, `there is no file "${file}"`, storage.fileRoot)
    if (info.isDirectory())
      throw notFound(source, `"${file}" is a folder; add a pattern such as /*.${source.format}`, storage.fileRoot)
    sizes.set(file, info.size)
  }
  return sizes
}

/** By one listing: there are no folders in an object store. */
async function objectSizes(
  source: FileSource,
  path: string,
  { openStore, storage }: StepContext,
): Promise<Map<string, number>> {
  const several = isGlob(path)
  const store = openStore(several ? fixedFolder(path) : dirname(path))
  const listed = await store.list(several ? '' : path.slice(store.root.length + 1))
  const isWanted = several ? matcher(path) : (uri: string) => uri === path
  const objects = listed.map((object) => ({ ...object, uri: `${store.root}/${object.path}` }))
  const wanted = objects.filter(({ uri }) => isWanted(uri))
  if (wanted.length > 0) return new Map(wanted.map(({ uri, size }) => [uri, size]))
  const isFolder = objects.some(({ uri }) => uri.startsWith(`${path}/`))
  const why = several
    ? `no file matches "${path}"`
    : isFolder
      ? `"${path}" is a folder; add a pattern such as /*.${source.format}`
      : `there is no file "${path}"`
  throw notFound(source, why, storage.fileRoot)
}

/** @param size of what is in it, when it is packed */
async function isEmpty(file: string, size: number, readBytes: ReadBytes): Promise<boolean> {
  if (size === 0 || size > LOOK_INTO_BYTES || file.endsWith('.gz')) return size === 0
  return (await text(readBytes(file, LOOK_INTO_BYTES))).trim() === ''
}

function notFound(source: FileSource, why: string, root: string): Fault {
  const place = 'path' in source.location ? `path "${source.location.path}"` : `file "${source.location.file}"`
  return new Fault({
    kind: 'missing',
    code: 'FileNotFound',
    message: `cannot read ${place} of source "${source.alias}": ${why}; relative paths start at ${root}`,
  })
}
