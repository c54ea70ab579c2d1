// Which files a run id has written. A run that is resumed does not write them again: by now the tables that they were made of
// may have changed, by later steps of this very run.
//
//   <recordRoot>/records/<runId>.files/<process>.<step>.json
//
// W1 A file counts only as long as it is as it was written: same path, size and time, same plan.
// W2 A note that is lost or damaged costs nothing but writing the file again.
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isObjectUri } from '../base/index.ts'
import type { FileTarget } from '../plan/index.ts'
import { type Engine, filePath, type OpenStore, type StepContext } from '../step/index.ts'
import { readJson, replaceJson } from './json-file.ts'
import { DONE_BEFORE } from './run-step.ts'

/** @param runId a lawful id */
export const writtenFilesFolder = (recordRoot: string, runId: string): string =>
  join(recordRoot, 'records', `${runId}.files`)

/** An engine that leaves out the steps whose file this run id has written before. */
export function rememberingFiles(engine: Engine, folder: string): Engine {
  return {
    async runStep(step, context) {
      const { target } = step
      if (target.kind !== 'file') return await engine.runStep(step, context)
      const note = join(folder, `${step.process}.${step.name}.json`)
      if (await isWritten(target, context, note)) return DONE_BEFORE
      const result = await engine.runStep(step, context)
      // a custom writer may have put it anywhere
      if (result.files > 0) await remember(target, context, note).catch(() => undefined)
      return result
    },
    close: () => engine.close(),
  }
}

async function isWritten(target: FileTarget, context: StepContext, note: string): Promise<boolean> {
  const noted = await readJson(note).catch(() => 'broken' as const)
  if (typeof noted === 'string') return false
  const now = await lookOf(target, context)
  return now !== undefined && Object.entries(now).every(([name, value]) => noted[name] === value)
}

async function remember(target: FileTarget, context: StepContext, note: string): Promise<void> {
  const look = await lookOf(target, context)
  if (look === undefined) return
  await mkdir(dirname(note), { recursive: true })
  await replaceJson(note, look)
}

type FileLook = {
  planHash: string
  path: string
  size: number
  mtimeMs: number
}

async function lookOf(
  { location }: FileTarget,
  { storage, info, openStore }: StepContext,
): Promise<FileLook | undefined> {
  const path = filePath(location, storage)
  const found = isObjectUri(path) ? await objectAt(path, openStore) : await stat(path).catch(() => undefined)
  return found === undefined ? undefined : { planHash: info.planHash, path, size: found.size, mtimeMs: found.mtimeMs }
}

async function objectAt(uri: string, openStore: OpenStore): Promise<{ size: number; mtimeMs: number } | undefined> {
  const store = openStore(dirname(uri))
  const path = uri.slice(store.root.length + 1)
  const found = (await store.list(path)).find((object) => object.path === path)
  return found === undefined ? undefined : { size: found.size, mtimeMs: found.modifiedAt }
}
