// Where nats-server comes from: NATS_SERVER names it, or it is on the PATH, or it is built once from its Go module.

import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { constants as osConstants, setPriority } from 'node:os'
import { delimiter, join } from 'node:path'

const VERSION = '2.14.5'
const CACHE = join(import.meta.dirname, '../../../.cache/nats-server')

/** @returns the path of the program */
export async function findNatsServer(say: (line: string) => void = tellOnStderr): Promise<string> {
  const given = process.env['NATS_SERVER'] ?? ''
  if (given !== '') return given
  return onPath() ?? (await built(say))
}

function onPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, 'nats-server')).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function built(say: (line: string) => void): Promise<string> {
  const folder = join(CACHE, VERSION)
  const binary = join(folder, 'nats-server')
  if (existsSync(binary)) return binary
  say(`Building nats-server ${VERSION} from its Go module into ${binary}, once.`)
  mkdirSync(folder, { recursive: true })
  // Two processes may build at once: the rename makes one of them the binary.
  const unfinished = mkdtempSync(join(folder, 'build-'))
  try {
    await goInstall(unfinished)
    renameSync(join(unfinished, 'nats-server'), binary)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return binary
}

async function goInstall(into: string): Promise<void> {
  const module = `github.com/nats-io/nats-server/v2@v${VERSION}`
  const env = { ...process.env, CGO_ENABLED: '0', GOBIN: into }
  const go = spawn('go', ['install', '-trimpath', '-ldflags', '-s -w', module], { env, stdio: ['ignore', 2, 2] })
  const code = await new Promise<number | null>((resolve, reject) => {
    go.once('error', (error) => reject(new Error(noGo(error.message))))
    go.once('spawn', () => go.pid !== undefined && setPriority(go.pid, osConstants.priority.PRIORITY_BELOW_NORMAL))
    go.once('exit', resolve)
  })
  if (code !== 0) throw new Error(noGo(`go install ended with ${code}; see its output above`))
}

const noGo = (why: string): string =>
  `cannot build nats-server: ${why}; install Go 1.24 or newer, or set NATS_SERVER to the program`

function tellOnStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}
