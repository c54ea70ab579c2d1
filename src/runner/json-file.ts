// Small JSON files of this machine, read without trust and replaced whole.
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'

/** An object's members; `broken` when the file holds anything else. */
export async function readJson(path: string): Promise<Record<string, unknown> | 'missing' | 'broken'> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isRecord(value) ? value : 'broken'
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return 'broken'
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return 'missing'
    throw thrown
  }
}

export async function replaceJson(path: string, value: Record<string, unknown>): Promise<void> {
  const draft = `${path}.${randomUUID()}.draft`
  try {
    await writeFile(draft, JSON.stringify(value))
    await rename(draft, path)
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw thrown
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
