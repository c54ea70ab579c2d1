// An ObjectStore in a folder of this machine.
//
// F1 An object is there whole or not at all, and stays there when the machine stops: it is written under another name,
//    synced, then linked (never over an existing one) or renamed, and the folder's entry is synced too.
// F2 Names that begin with TEMP_PREFIX are our unfinished objects: they are never listed. Whoever was killed leaves one.
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { ObjectStore, StoredObject } from '../../step/index.ts'

const TEMP_PREFIX = '.loom-tmp-'
/** So many files are looked at at a time. */
const STAT_BATCH = 64

/**
 * The store of an absolute folder, which need not exist yet. File names are used as they are: no URL escapes.
 * @throws Fault invalid StoreNotSupported for anything but an absolute path; its methods throw StorageFull (transient),
 *   StorageDenied (denied) and StorageFailed (transient)
 */
export function openFileStore(uri: string): ObjectStore {
  if (!isAbsolute(uri))
    throw new Fault({
      kind: 'invalid',
      code: 'StoreNotSupported',
      message: `cannot open storage "${uri}": only absolute paths of local folders can be used; give an absolute path`,
    })
  return new FileStore(resolve(uri))
}

class FileStore implements ObjectStore {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#locate(path))
    } catch (thrown) {
      if (hasCode(thrown, 'ENOENT') || hasCode(thrown, 'ENOTDIR')) return undefined
      throw storageFault(`read "${path}"`, this.root, thrown)
    }
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    return await this.#write(path, bytes, async (temp, final) => {
      try {
        await link(temp, final)
        return true
      } catch (thrown) {
        if (hasCode(thrown, 'EEXIST')) return false
        throw thrown
      }
    })
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    await this.#write(path, bytes, rename)
  }

  async list(prefix: string, after = ''): Promise<StoredObject[]> {
    try {
      const paths = await this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), (path) => path.startsWith(prefix))
      const wanted = paths.filter((path) => path > after).sort(byCodeUnit)
      const objects: StoredObject[] = []
      for (let from = 0; from < wanted.length; from += STAT_BATCH)
        objects.push(
          ...(await Promise.all(wanted.slice(from, from + STAT_BATCH).map((path) => this.#stat(path)))).flat(),
        )
      return objects
    } catch (thrown) {
      throw storageFault(`list "${prefix}"`, this.root, thrown)
    }
  }

  async delete(path: string): Promise<void> {
    await remove(this.#locate(path)).catch((thrown: unknown) => {
      throw storageFault(`delete "${path}"`, this.root, thrown)
    })
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of createReadStream(this.#locate(path))) yield chunk as Uint8Array
    } catch (thrown) {
      if (!hasCode(thrown, 'ENOENT')) throw storageFault(`read "${path}"`, this.root, thrown)
    }
  }

  async copy(from: string, to: string): Promise<void> {
    const bytes = await this.get(from)
    if (bytes !== undefined) await this.put(to, bytes)
  }

  async #write<T>(
    path: string,
    bytes: Uint8Array,
    makeVisible: (temp: string, final: string) => Promise<T>,
  ): Promise<T> {
    const final = this.#locate(path)
    const folder = dirname(final)
    const temp = join(folder, `${TEMP_PREFIX}${randomUUID()}`)
    try {
      await writeSynced(temp, bytes).catch(async (thrown: unknown) => {
        if (!hasCode(thrown, 'ENOENT')) throw thrown
        await mkdir(folder, { recursive: true })
        await writeSynced(temp, bytes)
      })
      const result = await makeVisible(temp, final)
      // side by side: each waits for the disk
      await Promise.all([syncFolder(folder), remove(temp)])
      return result
    } catch (thrown) {
      await remove(temp).catch(() => undefined)
      throw storageFault(`write "${path}"`, this.root, thrown)
    }
  }

  async #walk(folder: string, wanted: (path: string) => boolean): Promise<string[]> {
    const entries = await readdir(this.#locate(folder), { withFileTypes: true }).catch((thrown: unknown) => {
      if (hasCode(thrown, 'ENOENT') || hasCode(thrown, 'ENOTDIR')) return []
      throw thrown
    })
    const found: string[] = []
    for (const entry of entries) {
      const path = folder + entry.name
      if (entry.isDirectory()) found.push(...(await this.#walk(`${path}/`, wanted)))
      else if (!entry.name.startsWith(TEMP_PREFIX) && wanted(path)) found.push(path)
    }
    return found
  }

  /** Nothing when the file went away since it was listed. */
  async #stat(path: string): Promise<StoredObject[]> {
    try {
      const { size, mtimeMs } = await lstat(this.#locate(path))
      return [{ path, size, modifiedAt: Math.trunc(mtimeMs) }]
    } catch (thrown) {
      if (hasCode(thrown, 'ENOENT')) return []
      throw thrown
    }
  }

  #locate(path: string): string {
    return join(this.root, path)
  }
}

/** It may be gone: a rename takes it along. */
async function remove(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT')) throw thrown
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(folder, 'r')
    await handle.sync()
  } catch (thrown) {
    // some file systems can't sync a folder; the object itself is synced
    if (!hasCode(thrown, 'EINVAL') && !hasCode(thrown, 'EPERM') && !hasCode(thrown, 'EISDIR')) throw thrown
  } finally {
    await handle?.close()
  }
}

const hasCode = (thrown: unknown, code: string): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What went wrong with the file system, as a fault: StorageFull, StorageDenied or StorageFailed. */
export function storageFault(what: string, root: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause
  const subject = `cannot ${what} in "${root}"`
  if (hasCode(cause, 'ENOSPC') || hasCode(cause, 'EDQUOT'))
    return new Fault({
      kind: 'transient',
      code: 'StorageFull',
      message: `${subject}: no space is left; free some`,
      cause,
    })
  if (hasCode(cause, 'EACCES') || hasCode(cause, 'EPERM') || hasCode(cause, 'EROFS'))
    return new Fault({
      kind: 'denied',
      code: 'StorageDenied',
      message: `${subject}: permission denied; allow this user to read and write the folder`,
      cause,
    })
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new Fault({ kind: 'transient', code: 'StorageFailed', message: `${subject}: ${why}; look at the disk`, cause })
}
