// `make dev` as users call it: one command, then what it says to type next, then Ctrl-C.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import type { RunStatus } from '../../src/manifest/index.ts'
import { Api, type Kube, until } from './bed/index.ts'
import { kubectlIsThere } from './bed/shapes.ts'
import { type Manifest, pathOf } from './support/cluster.ts'
import { REPOSITORY } from './support/operator-process.ts'

/** What `make dev` would do, without doing it; what it calls last is the program. Building is not what is tested here. */
const COMMAND =
  execFileSync('make', ['-n', '--no-print-directory', 'dev'], { cwd: REPOSITORY, encoding: 'utf8' })
    .trim()
    .split('\n')
    .at(-1) ?? ''

let dev: ChildProcess
let said = ''
after(() => dev?.kill('SIGKILL'))

test('make dev: the example that it prints runs as it is printed, and Ctrl-C leaves nothing', async () => {
  const [program = '', ...args] = COMMAND.split(' ')
  dev = spawn(program, args, { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [dev.stdout, dev.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise((resolve) => dev.once('exit', (code, signal) => resolve(code ?? signal)))
  await until('it says that it works', () => said.includes('leading runs=0'), { hopeless: hasEnded })
  const kubeconfig = printed(/^ {2}export KUBECONFIG=(\S+)$/m)
  const apply = printed(/^ {2}(kubectl apply .*)$/m)
  const show = printed(/^ {2}(npx loom show .*)$/m)
  const page = readFileSync(join(REPOSITORY, 'docs/first-run.md'), 'utf8')
  assert.ok(page.includes(`\n${apply}\n`), 'the page about first runs says it otherwise')

  const api = apiOf(kubeconfig)
  if (kubectlIsThere()) await shell(apply, { KUBECONFIG: kubeconfig })
  else for (const [, file = ''] of apply.matchAll(/-f (\S+)/g)) await create(api, file)
  let status: RunStatus = {}
  const hasFinished = async () => {
    const run = await api.get<Kube & { status?: RunStatus }>(`${pathOf('ETLRun')}/flights-2013-01`)
    status = run.status ?? {}
    return status.finishedAt !== undefined
  }
  await until('the run ends', hasFinished, { seconds: 120, hopeless: hasEnded, seen: () => ({ status, said }) })
  await api.close()
  assert.deepEqual([status.phase, status.progress], ['Succeeded', '14/14'], status.message)
  const told = /^\d\d:\d\d:\d\d run changed run=default\/flights-2013-01 .*phase=Succeeded/m
  await until('its log tells it', () => told.test(said), { seen: () => said })
  // which carriers come first, nobody has said
  assert.match(await shell(show, {}), /^2013-01-01 .*Air/m)

  const processes = descendants(dev.pid ?? 0)
  assert.ok(processes.length >= 6, `a supervisor, four servers and the operator, at least: ${processes.length}`)
  dev.kill('SIGINT')
  assert.equal(await ended, 0, said)
  assert.deepEqual(processes.filter(lives), [])
  const lake = dirname(show.split(' ').at(-1) ?? '')
  assert.deepEqual([dirname(kubeconfig), lake].filter(existsSync), [])
})

function printed(pattern: RegExp): string {
  const found = pattern.exec(said)?.[1]
  assert.ok(found !== undefined, `${pattern} is not in:\n${said}`)
  return found
}

const hasEnded = (): Error | undefined => (dev.exitCode === null ? undefined : new Error(`it has ended:\n${said}`))

async function shell(command: string, env: Record<string, string>): Promise<string> {
  const options = { cwd: REPOSITORY, env: { ...process.env, ...env } }
  return (await promisify(execFile)('bash', ['--norc', '-euc', command], options)).stdout
}

function apiOf(kubeconfig: string): Api {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8'))
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster
  return new Api({ url: server, ca: Buffer.from(ca, 'base64').toString(), token: users[0].user.token })
}

async function create(api: Api, file: string): Promise<void> {
  const manifest: Manifest = parse(readFileSync(join(REPOSITORY, file), 'utf8'))
  await api.create(pathOf(manifest.kind), manifest)
}

/** Pids of its children, their children, and so on. */
function descendants(pid: number): number[] {
  const parents = new Map(processIds().map((id) => [id, parentOf(id)]))
  const childrenOf = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([id]) => [id, ...childrenOf(id)])
  return childrenOf(pid)
}

const processIds = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** Undefined for a process that is gone. Its name stands in brackets, and may hold anything. */
function parentOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? undefined : Number(fields[1])
  } catch {
    return undefined
  }
}

const lives = (pid: number): boolean => parentOf(pid) !== undefined
