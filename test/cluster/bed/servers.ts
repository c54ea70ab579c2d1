// Where the control plane's servers come from: the folder that KUBEBUILDER_ASSETS names, and for what is not there one binary that is
// all four, built once from the pinned Go module in servers/ and kept in .cache/ under the hash of its sources.
// Run as a program it makes sure that they are there, and prints how each one is called.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { findNatsServer } from './nats-server.ts'

export type ServerName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'

/** How each server is started: a program and the arguments that come before the server's own. */
export type ServerCommands = Readonly<Record<ServerName, readonly string[]>>

const NAMES: readonly ServerName[] = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
const MODULE = join(import.meta.dirname, 'servers')
const CACHE = join(import.meta.dirname, '../../../.cache/kube-servers')

/** Finds the servers, or builds them (about four minutes, once). What it does is told to `say`. */
export async function findServers(say: (line: string) => void = tellOnStderr): Promise<ServerCommands> {
  const assets = process.env['KUBEBUILDER_ASSETS'] ?? ''
  const given = NAMES.filter((name) => assets !== '' && existsSync(join(assets, name)))
  const built = given.length === NAMES.length ? '' : await builtBinary(say, CONTROL_PLANE)
  const command = (name: ServerName) => (given.includes(name) ? [join(assets, name)] : [built, name])
  return {
    etcd: command('etcd'),
    'kube-apiserver': command('kube-apiserver'),
    'kube-controller-manager': command('kube-controller-manager'),
    'kube-scheduler': command('kube-scheduler'),
  }
}

/** A program of the module in servers/. */
interface Program {
  readonly name: 'kube-servers' | 'node-servers'
  /** Its folder in the module. */
  readonly folder: string
  readonly isAll: string
  readonly takes: string
}

const CONTROL_PLANE: Program = {
  name: 'kube-servers',
  folder: '.',
  isAll: 'etcd, kube-apiserver, kube-controller-manager and kube-scheduler',
  takes: 'about four minutes',
}
const NODE: Program = { name: 'node-servers', folder: 'node', isAll: 'kubelet and kube-proxy', takes: 'a minute more' }

/** Finds kubelet and kube-proxy of the same version, or builds them: what a real node needs. */
export async function findNodeServers(
  say: (line: string) => void = tellOnStderr,
): Promise<Readonly<Record<'kubelet' | 'kube-proxy', readonly string[]>>> {
  const built = await builtBinary(say, NODE)
  return { kubelet: [built, 'kubelet'], 'kube-proxy': [built, 'kube-proxy'] }
}

async function builtBinary(say: (line: string) => void, program: Program): Promise<string> {
  const folder = join(CACHE, sourcesHash(program))
  const binary = join(folder, program.name)
  if (existsSync(binary)) return binary
  say(`Building ${program.isAll} from pinned Go modules into ${binary}.`)
  say(`This happens once and takes ${program.takes} (more where Go modules are downloaded slowly).`)
  const started = Date.now()
  mkdirSync(folder, { recursive: true })
  // Two processes may build at once: each writes its own file, and the rename makes one of them the binary.
  const unfinished = `${binary}.${process.pid}`
  try {
    await goBuild(unfinished, program)
    renameSync(unfinished, binary)
  } finally {
    rmSync(unfinished, { force: true })
  }
  say(`Built in ${Math.round((Date.now() - started) / 1000)} s.`)
  return binary
}

function sourcesHash({ folder }: Program): string {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const file of ['go.mod', 'go.sum', join(folder, 'main.go')])
    hash.update(`\n${file}\n`).update(readFileSync(join(MODULE, file)))
  return hash.digest('hex').slice(0, 16)
}

async function goBuild(output: string, { folder }: Program): Promise<void> {
  const args = ['build', '-trimpath', '-ldflags', linkerFlags(), '-o', output, `./${folder}`]
  const go = spawn('go', args, { cwd: MODULE, env: { ...process.env, CGO_ENABLED: '0' }, stdio: ['ignore', 2, 2] })
  const code = await new Promise<number | null>((resolve, reject) => {
    go.once('error', (error) => reject(new Error(noGo(error.message))))
    go.once('spawn', () => go.pid !== undefined && setPriority(go.pid, constants.priority.PRIORITY_BELOW_NORMAL))
    go.once('exit', resolve)
  })
  if (code !== 0)
    throw new Error(
      `cannot build the servers of the test control plane: go build ended with ${code}; see its output above`,
    )
}

function noGo(why: string): string {
  return `cannot build the servers of the test control plane: ${why}; install Go 1.24 or newer, or set KUBEBUILDER_ASSETS to a folder with ${NAMES.join(', ')}`
}

/** Clients refuse a server whose /version is empty, so the version of go.mod is linked in, as a release build does. */
function linkerFlags(): string {
  const version = /k8s\.io\/kubernetes v((\d+)\.(\d+)\.\d+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))
  if (version === null)
    throw new Error(
      'cannot build the servers of the test control plane: servers/go.mod names no version of k8s.io/kubernetes',
    )
  const values = { gitVersion: `v${version[1]}`, gitMajor: version[2], gitMinor: version[3] }
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  const sets = packages.flatMap((path) => Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`))
  return ['-s', '-w', ...sets].join(' ')
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

if (import.meta.main) {
  for (const [name, command] of Object.entries(await findServers()))
    process.stdout.write(`${name}: ${command.join(' ')}\n`)
  process.stdout.write(`nats-server: ${await findNatsServer()}\n`)
}
