// Looks whether the files of a source are there and hold anything, before the engine reads them: an empty file has no
// columns, and the engine would make some up.
import { open, stat } from 'node:fs/promises'
import { Fault } from '../base/index.ts'
import type { FileSource } from '../plan/index.ts'
import { filePath, type SqlSession, type StepContext, textLiteral } from '../step/index.ts'
import { isGlob } from './file-glob.ts'

export interface FoundFiles {
  /** Absolute, maybe with wildcards. */
  path: string
  files: string[]
  /** The path has wildcards, so that files may differ in their columns. */
  several: boolean
}

/** Files of so few bytes are read to see whether there is more than white space in them. */
const LOOK_INTO_BYTES = 256
/** A gzip file ends with the size of what is in it, 4 bytes. */
const GZIP_SIZE_BYTES = 4

/** @throws Fault missing FileNotFound, invalid EmptyFile */
export async function checkPresent(
  source: FileSource,
  session: SqlSession,
  { storage }: StepContext,
): Promise<FoundFiles> {
  const path = filePath(source.location, storage)
  const several = isGlob(path)
  const files = several
    ? (await session.rows(`SELECT file FROM glob(${textLiteral(path)}) ORDER BY file`)).map((row) =>
        String(row['file']),
      )
    : [path]
  if (files.length === 0) throw notFound(source, `no file matches "${path}"`, storage.fileRoot)
  for (const file of files) {
    const info = await stat(file).catch(() => undefined)
    if (info === undefined) throw notFound(source, `there is no file "${file}"`, storage.fileRoot)
    if (info.isDirectory())
      throw notFound(source, `"${file}" is a folder; add a pattern such as /*.${source.format}`, storage.fileRoot)
    if ((source.format === 'csv' || source.format === 'json') && (await isEmpty(file, info.size)))
      throw new Fault({
        kind: 'invalid',
        code: 'EmptyFile',
        message: `cannot read file "${file}" of source "${source.alias}": it is empty; write it again, or take it out of the path`,
      })
  }
  return { path, files, several }
}

async function isEmpty(file: string, size: number): Promise<boolean> {
  if (size === 0) return true
  if (size > LOOK_INTO_BYTES) return false
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0)
    const bytes = buffer.subarray(0, bytesRead)
    if (file.endsWith('.gz'))
      return bytesRead > GZIP_SIZE_BYTES && bytes.readUInt32LE(bytesRead - GZIP_SIZE_BYTES) === 0
    return bytes.toString('latin1').trim() === ''
  } finally {
    await handle.close()
  }
}

function notFound(source: FileSource, why: string, root: string): Fault {
  const place = 'path' in source.location ? `path "${source.location.path}"` : `file "${source.location.file}"`
  return new Fault({
    kind: 'missing',
    code: 'FileNotFound',
    message: `cannot read ${place} of source "${source.alias}": ${why}; relative paths start at ${root}`,
  })
}
