// Looks whether the files of a source are there and hold anything, before the engine reads them: an empty file has no
// columns, and the engine would make some up.
import { readFile, stat } from 'node:fs/promises'
import { Fault } from '../base/index.ts'
import type { FileSource } from '../plan/index.ts'
import { filePath, type SqlSession, type StepContext, textLiteral } from '../step/index.ts'
import { isGlob } from './file-glob.ts'
import { gzipSizes } from './file-gzip.ts'

export interface FoundFiles {
  /** Absolute, maybe with wildcards. */
  path: string
  files: string[]
  /** The path has wildcards, so that files may differ in their columns. */
  several: boolean
}

/** Files of so few bytes are read to see whether there is more than white space in them. */
const LOOK_INTO_BYTES = 256

/** @throws Fault missing FileNotFound, invalid EmptyFile */
export async function checkPresent(
  source: FileSource,
  session: SqlSession,
  { storage, signal }: StepContext,
): Promise<FoundFiles> {
  const path = filePath(source.location, storage)
  const several = isGlob(path)
  const files = several
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
  if (source.format !== 'csv' && source.format !== 'json') return { path, files, several }
  for (const [file, size] of await gzipSizes(
    files.filter((file) => sizes.get(file) !== 0),
    signal,
  ))
    sizes.set(file, size)
  for (const [file, size] of sizes) {
    if (!(await isEmpty(file, size))) continue
    throw new Fault({
      kind: 'invalid',
      code: 'EmptyFile',
      message: `cannot read file "${file}" of source "${source.alias}": it is empty; write it again, or take it out of the path`,
    })
  }
  return { path, files, several }
}

/** @param size of what is in it, when it is packed */
async function isEmpty(file: string, size: number): Promise<boolean> {
  if (size === 0 || size > LOOK_INTO_BYTES || file.endsWith('.gz')) return size === 0
  return (await readFile(file, 'latin1')).trim() === ''
}

function notFound(source: FileSource, why: string, root: string): Fault {
  const place = 'path' in source.location ? `path "${source.location.path}"` : `file "${source.location.file}"`
  return new Fault({
    kind: 'missing',
    code: 'FileNotFound',
    message: `cannot read ${place} of source "${source.alias}": ${why}; relative paths start at ${root}`,
  })
}
