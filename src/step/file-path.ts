// Where a file source or target lies.
import { isAbsolute, resolve } from 'node:path'
import { didYouMean, Fault } from '../base/index.ts'
import type { FileLocation, StorageBinding } from '../plan/index.ts'

/** The absolute path. @throws Fault invalid UnknownFile for a name that the storage does not have (SRC-7) */
export function filePath(location: FileLocation, storage: StorageBinding): string {
  if ('path' in location) return isAbsolute(location.path) ? location.path : resolve(storage.fileRoot, location.path)
  const path = storage.files[location.file]
  if (path !== undefined) return path
  const known = Object.keys(storage.files)
  throw new Fault({
    kind: 'invalid',
    code: 'UnknownFile',
    message: `cannot find file "${location.file}": the storage has no file of that name${didYouMean(location.file, known)}`,
  })
}
