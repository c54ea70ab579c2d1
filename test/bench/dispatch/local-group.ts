// The same group without a cluster: `loom run`, in process and with worker processes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { API_VERSION } from '../../../src/manifest/index.ts'
import { findNatsServer } from '../../cluster/bed/nats-server.ts'
import type { Manifest } from '../../cluster/support/cluster.ts'
import { REPOSITORY } from '../../cluster/support/operator-process.ts'
import { WatchedTree } from './processor-time.ts'

export interface LocalGroup {
  /** Of the whole process, start included. */
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Runs the pipeline of the run in a folder of its own. @throws when it fails */
export async function localGroup({ metadata, spec }: Manifest, flags: readonly string[]): Promise<LocalGroup> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-bench-group-'))
  try {
    mkdirSync(join(folder, 'work'))
    const pipeline = { apiVersion: API_VERSION, kind: 'ETLPipeline', metadata, spec: spec['pipeline'] }
    writeFileSync(join(folder, 'work/pipeline.yaml'), JSON.stringify(pipeline))
    const started = performance.now()
    const args = [join(REPOSITORY, 'dist/cli/main.js'), 'run', '-f', 'work', ...flags]
    const path = [dirname(await findNatsServer()), process.env['PATH'] ?? ''].join(delimiter)
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const tree = new WatchedTree(child.pid ?? 0)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    const cpuSeconds = tree.stop()
    if (code !== 0) throw new Error(`loom ${args.slice(1).join(' ')} ended with ${code}:\n${said.slice(-3000)}`)
    return { seconds: (performance.now() - started) / 1000, cpuSeconds }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
