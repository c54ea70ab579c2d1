// A file in an object store that appears whole or not at all: written under another name, copied within the store. The
// engine ends an upload also when its query fails, so what it writes may not have the file's own name.
import { dirname } from 'node:path'
import type { ObjectStore, StoredObject } from '../step/index.ts'
import { LEFTOVER_AFTER_MS, type SwapSteps, WRITING_SUFFIX } from './file-swap.ts'

/**
 * Lets `write` make the object under its first name, then copies it. On any failure nothing is left.
 * @returns the object's size in bytes
 */
export async function swapInObject(
  { path, writing }: { path: string; writing: string },
  openStore: (uri: string) => ObjectStore,
  steps: SwapSteps,
): Promise<number> {
  const store = openStore(dirname(path))
  const [name, first] = [path, writing].map((uri) => uri.slice(store.root.length + 1)) as [string, string]
  await removeLeftovers(store, name, steps.now)
  try {
    await steps.write()
    const size = (await objectAt(store, first))?.size ?? 0
    await steps.beforeSwap()
    await store.copy(first, name)
    return size
  } finally {
    await store.delete(first).catch(() => undefined)
  }
}

export async function objectAt(store: ObjectStore, path: string): Promise<StoredObject | undefined> {
  return (await store.list(path)).find((object) => object.path === path)
}

async function removeLeftovers(store: ObjectStore, name: string, now: number): Promise<void> {
  for (const { path, modifiedAt } of await store.list(`.${name}.`))
    if (path.endsWith(WRITING_SUFFIX) && now - modifiedAt > LEFTOVER_AFTER_MS) await store.delete(path)
}
