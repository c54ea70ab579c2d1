// Who is told of a command's runs besides the person: the log and the file of metrics. One set for all runs and attempts
// of a command, so that the file holds the metrics of all.
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Observer } from '../observability/index.ts'
import { type Io, UsageError } from './io.ts'
import type { RunFlags } from './run-flags.ts'

/** @throws UsageError when the file of metrics could not be written at the end */
export async function runObservers({ logFormat, metricsFile }: RunFlags, io: Io): Promise<Observer[]> {
  if (logFormat !== 'json' && metricsFile === undefined) return []
  if (metricsFile !== undefined) await assertPlace(metricsFile, io)
  const { logObserver, metricsFileObserver } = await import('../observability/index.ts')
  return [
    ...(logFormat === 'json' ? [logObserver(io.err)] : []),
    ...(metricsFile === undefined ? [] : [metricsFileObserver(resolve(io.cwd, metricsFile))]),
  ]
}

async function assertPlace(file: string, { cwd }: Io): Promise<void> {
  const path = resolve(cwd, file)
  const [folder, there] = await Promise.all([kindOf(dirname(path)), kindOf(path)])
  const why =
    folder !== 'folder'
      ? `there is no folder "${dirname(file)}"; make it first`
      : there === 'folder'
        ? 'it is a folder; name a file in it'
        : undefined
  if (why !== undefined) throw new UsageError(`cannot use --metrics-file "${file}": ${why}`)
}

async function kindOf(path: string): Promise<'folder' | 'other' | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  return found.isDirectory() ? 'folder' : 'other'
}
