// `loom run --workers`: a local run whose steps go to worker processes, over a real broker.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startBroker, until } from './bed/index.ts'
import { findNatsServer } from './bed/nats-server.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import { REPOSITORY } from './support/operator-process.ts'

const FLIGHTS = join(REPOSITORY, 'examples/flights')

/** Pids of processes with such an argument. */
function processesWith(isSuch: (argument: string) => boolean): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').some(isSuch)
    } catch {
      return false
    }
  })
}

describe('a local run with workers', () => {
  const folders: string[] = []

  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  /** @returns the folder that it ran in, and its report */
  async function loom(more: readonly string[], path = process.env['PATH'] ?? '') {
    const folder = mkdtempSync(join(tmpdir(), 'loom-local-'))
    folders.push(folder)
    const files = ['pipeline.yaml', 'run-month.yaml'].flatMap((file) => ['-f', join(FLIGHTS, file)])
    const storage = ['--storage', join(FLIGHTS, 'storage.yaml')]
    const args = [join(REPOSITORY, 'dist/cli/main.js'), 'run', ...files, ...storage, '--output', 'json', ...more]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, PATH: path },
    })
    return { lake: join(folder, '.loom/lake'), report: JSON.parse(stdout) }
  }

  it('leaves the same tables as one without, each by one commit', async () => {
    const { lake, report } = await loom([])
    const path = [dirname(await findNatsServer()), process.env['PATH']].join(delimiter)
    const other = await loom(['--workers', '2'], path)
    const states = ({ steps }: { steps: { step: string; state: string }[] }) =>
      steps.map(({ step, state }) => [step, state])
    assert.deepEqual(states(other.report), states(report))
    assert.deepEqual(await rowsOfTables(other.lake), await rowsOfTables(lake))
    assert.deepEqual(new Set(Object.values(commitsByWriter(other.lake))), new Set([1]))
  })

  it('uses a broker that is there already, with its credentials', async () => {
    await using broker = await startBroker({ token: 'secret' })
    const credentials = join(folders[0] ?? '', 'credentials')
    mkdirSync(credentials)
    writeFileSync(join(credentials, 'token'), 'secret')
    const here = ['--nats', broker.url, '--nats-credentials', credentials, '--include', 'raw_airlines,raw_planes']
    const { report } = await loom(['--workers', '1', ...here], '/nowhere')
    assert.equal(report.state, 'Succeeded')
  })

  /** Starts a run of one long step with a worker, in a process that the caller ends. */
  function slowRun(more: readonly string[], path = process.env['PATH'] ?? '') {
    const folder = mkdtempSync(join(tmpdir(), 'loom-local-'))
    folders.push(folder)
    const slow = `export default async () => { await new Promise((resolve) => setTimeout(resolve, 60_000)); return 'SELECT 1 AS a' }`
    const spec = {
      processes: [{ name: 'p', steps: [{ name: 's', code: { inline: slow }, target: { table: { ref: 'x.s' } } }] }],
    }
    const file = join(folder, 'pipeline.json')
    writeFileSync(
      file,
      JSON.stringify({ apiVersion: 'loom.etl/v1alpha1', kind: 'ETLPipeline', metadata: { name: 'slow' }, spec }),
    )
    const main = join(REPOSITORY, 'dist/cli/main.js')
    return spawn(process.execPath, [main, 'run', '-f', file, '--workers', '1', ...more], {
      cwd: folder,
      env: { ...process.env, PATH: path, TMPDIR: folder },
      stdio: 'ignore',
      detached: true,
    })
  }

  it('leaves no worker behind when it is killed', async () => {
    await using broker = await startBroker()
    const child = slowRun(['--nats', broker.url])
    const workers = () => processesWith((argument) => argument === `--nats=${broker.url}`)
    await until('its worker is there', async () => workers().length > 0)
    child.kill('SIGKILL')
    await until('its worker is gone', async () => workers().length === 0)
  })

  it('leaves no broker of its own behind when it is killed, with all of its group or alone', async () => {
    const path = [dirname(await findNatsServer()), process.env['PATH']].join(delimiter)
    for (const sign of [1, -1]) {
      const child = slowRun([], path)
      const folder = folders.at(-1) ?? ''
      const here = () => processesWith((argument) => argument.startsWith(join(folder, 'loom-workers-')))
      await until('its broker is there', async () => here().length > 0)
      process.kill(sign * (child.pid ?? 0), 'SIGKILL')
      await until('nothing of it is left', async () => here().length === 0)
    }
  })

  it('says what is missing when there is no broker to be had', async () => {
    await assert.rejects(loom(['--workers', '2'], '/nowhere'), /there is no nats-server on the PATH; install it/)
    await assert.rejects(loom(['--nats', 'nats://127.0.0.1:1'], '/nowhere'), /say how many with --workers/)
  })
})
