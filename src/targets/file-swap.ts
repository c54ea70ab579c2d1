// A file that appears whole or not at all: written beside its name, made durable, renamed.
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { placeBelow } from '../base/index.ts'

export const WRITING_SUFFIX = '.writing'
/** What a killed run left behind is removed by a later write to the same name, once nobody can be writing it. */
export const LEFTOVER_AFTER_MS = 24 * 3_600_000

export interface SwapSteps {
  write: () => Promise<void>
  beforeSwap: () => void | Promise<void>
  /** Milliseconds since the epoch. */
  now: number
}

/** The name under which a file is written first. @param writer tells one execution of a step from all others */
export function writingPath(path: string, writer: string): string {
  return placeBelow(dirname(path), `.${basename(path)}.${writer}${WRITING_SUFFIX}`)
}

/**
 * Lets `write` make the file under its first name, then swaps it in. On any failure nothing is left.
 * @returns the file's size in bytes
 */
export async function swapIn(path: string, writing: string, steps: SwapSteps): Promise<number> {
  await mkdir(dirname(path), { recursive: true })
  await removeLeftovers(path, steps.now)
  try {
    await steps.write()
    const size = await syncedSize(writing)
    await steps.beforeSwap()
    await rename(writing, path)
    await syncFolder(dirname(path))
    return size
  } catch (thrown) {
    await rm(writing, { force: true })
    throw thrown
  }
}

/** Makes a file's bytes durable. @returns how many there are */
export async function syncedSize(path: string): Promise<number> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
    return (await handle.stat()).size
  } finally {
    await handle.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeLeftovers(path: string, now: number): Promise<void> {
  const start = `.${basename(path)}.`
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(start) || !name.endsWith(WRITING_SUFFIX)) continue
    const leftover = join(dirname(path), name)
    const info = await stat(leftover).catch(() => undefined)
    if (info !== undefined && now - info.mtimeMs > LEFTOVER_AFTER_MS) await rm(leftover, { force: true })
  }
}
