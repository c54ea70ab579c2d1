// A working folder whose storage is in an S3 store, and `loom` in it.
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ended, loom } from '../../cli/loom.ts'
import { BUCKET, KEYS } from './server.ts'

/** Where `make test-s3` puts the engine's extensions. */
export const EXTENSIONS = process.env['LOOM_EXTENSIONS'] ?? join(import.meta.dirname, '../../../.cache/extensions')

export interface Place {
  folder: string
  loom(args: readonly string[], env?: Record<string, string>): Promise<Ended>
  remove(): Promise<void>
}

/** @param prefix below which everything lies in the bucket */
export async function aPlace(endpoint: string, prefix: string): Promise<Place> {
  if (!existsSync(join(EXTENSIONS, 'httpfs.duckdb_extension')))
    throw new Error(`cannot test S3: ${EXTENSIONS} has no httpfs; run: make extensions`)
  const folder = await mkdtemp(join(tmpdir(), 'loom-s3-place-'))
  await writeFile(join(folder, 's3.yaml'), storageText(endpoint, prefix))
  return {
    folder,
    loom: (args, env = {}) =>
      loom(args, { cwd: folder, env: { ...KEYS, LOOM_EXTENSIONS: EXTENSIONS, HOME: folder, ...env } }),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export const storageText = (endpoint: string, prefix: string): string => `apiVersion: loom.etl/v1alpha1
kind: ETLStorage
metadata: {name: default}
spec:
  objectStore: {s3: {endpoint: "${endpoint}", region: us-east-1}}
  defaults: {tablePath: {uri: "s3://${BUCKET}/${prefix}/tables"}}
  temp: {root: "s3://${BUCKET}/${prefix}/tmp"}
  files: [{name: carrier-report, path: {uri: "s3://${BUCKET}/${prefix}/reports/carriers.csv"}}]
`
