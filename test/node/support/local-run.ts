// What `loom run` makes of an example on this machine: what a cluster's tables are compared with.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { rowsOfTables } from '../../cluster/support/lake.ts'
import { REPOSITORY } from '../bed/buildah.ts'

const LOOM = join(REPOSITORY, 'dist/cli/main.js')

export async function loom(args: readonly string[], cwd = REPOSITORY): Promise<string> {
  return (await promisify(execFile)(process.execPath, [LOOM, ...args], { cwd })).stdout
}

/** Each list of arguments is one `loom run`; all of them write into one new folder. @returns its tables */
export async function tablesOfLocalRuns(...runs: readonly (readonly string[])[]) {
  const folder = mkdtempSync(join(tmpdir(), 'loom-local-'))
  try {
    for (const args of runs) await loom(['run', ...args], folder)
    return await rowsOfTables(join(folder, '.loom/lake'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const exampleFile = (path: string): string => join(REPOSITORY, 'examples', path)
