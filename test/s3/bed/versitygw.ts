// Where the S3 server of the tests comes from: the program that VERSITYGW names, or one on the PATH, or one that is built
// once from its pinned Go module and kept in .cache/. Run as a program it makes sure that it is there, and prints its path.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

const VERSION = 'v1.8.0'
const CACHE = join(import.meta.dirname, '../../../.cache/versitygw')

/** @param say is told what takes long */
export async function findVersitygw(say: (line: string) => void = tellOnStderr): Promise<string> {
  const named = process.env['VERSITYGW'] ?? ''
  if (named !== '') return named
  const onPath = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'versitygw'))
  const binary = join(CACHE, VERSION, 'versitygw')
  const there = [...onPath, binary].find((path) => existsSync(path))
  if (there !== undefined) return there
  say(`Building versitygw ${VERSION}, an S3 server, from its Go module into ${binary}: once, for a minute or two.`)
  await mkdir(CACHE, { recursive: true })
  // Two processes may build at once: each builds into its own folder, and the rename makes one of them the binary.
  const scratch = await mkdtemp(join(CACHE, 'build-'))
  try {
    await goInstall(scratch)
    await mkdir(join(CACHE, VERSION), { recursive: true })
    await rename(join(scratch, 'versitygw'), binary)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return binary
}

async function goInstall(GOBIN: string): Promise<void> {
  const go = spawn('go', ['install', '-trimpath', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`], {
    env: { ...process.env, GOBIN, CGO_ENABLED: '0' },
    stdio: ['ignore', 2, 2],
  })
  const wayOut = 'install Go 1.24 or newer, or set VERSITYGW to the program'
  const code = await new Promise<number | null>((resolve, reject) => {
    go.once('error', (error) => reject(new Error(`cannot build versitygw: ${error.message}; ${wayOut}`)))
    go.once('exit', resolve)
  })
  if (code !== 0) throw new Error(`cannot build versitygw: go install ended with ${code}; ${wayOut}`)
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

if (import.meta.main) process.stdout.write(`${await findVersitygw()}\n`)
