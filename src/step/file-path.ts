// Where a file source or target lies.
import { isAbsolute, posix, resolve } from 'node:path'
import { didYouMean, Fault, isObjectUri, objectUri, parseObjectUri } from '../base/index.ts'
import type { FileLocation, StorageBinding } from '../plan/index.ts'

/** The absolute path, or `s3://bucket/key`. @throws Fault invalid UnknownFile for a name that the storage does not have (SRC-7) */
export function filePath(location: FileLocation, storage: StorageBinding): string {
  if ('path' in location) return placeFrom(storage.fileRoot, location.path)
  const path = storage.files[location.file]
  if (path !== undefined) return path
  const known = Object.keys(storage.files)
  throw new Fault({
    kind: 'invalid',
    code: 'UnknownFile',
    message: `cannot find file "${location.file}": the storage has no file of that name${didYouMean(location.file, known)}`,
  })
}

function placeFrom(root: string, path: string): string {
  if (isAbsolute(path) || isObjectUri(path)) return path
  const object = parseObjectUri(root)
  if (object === undefined) return resolve(root, path)
  return objectUri({ bucket: object.bucket, key: posix.resolve(`/${object.key}`, path).slice(1) })
}
