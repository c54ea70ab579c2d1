// The temps of a root, in a folder or in an object store.
import { isObjectUri } from '../base/index.ts'
import type { OpenStore } from '../step/index.ts'
import { StoreTemps, type StoreTempsInput, storeCleaner } from './store-temps.ts'
import { type Cleaner, correlationFolder, type RunTemps, runFolder } from './temp-places.ts'
import { FolderTemps, folderCleaner } from './temps.ts'

/** @throws Fault invalid InvalidId */
export function openTemps(input: StoreTempsInput): RunTemps {
  return isObjectUri(input.root) ? new StoreTemps(input) : new FolderTemps(input)
}

/** Of a root of temps. */
export function cleanerOf(root: string, openStore: OpenStore): Cleaner {
  return isObjectUri(root) ? storeCleaner(openStore) : folderCleaner
}

/** Removes the temps that are kept for a correlation id (RUN-18). @throws Fault invalid InvalidId, and what the cleaner throws */
export async function cleanupCorrelation(root: string, id: string, cleaner: Cleaner = folderCleaner): Promise<void> {
  await cleaner.deleteTree(correlationFolder(root, id))
}

/** Removes the temps of a run. @throws Fault invalid InvalidId, and what the cleaner throws */
export async function cleanupRun(root: string, runId: string, cleaner: Cleaner = folderCleaner): Promise<void> {
  await cleaner.deleteTree(runFolder(root, runId))
}
