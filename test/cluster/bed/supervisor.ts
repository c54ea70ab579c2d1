// The program that owns every process of a test bed. It starts them for the test process, which holds the other end of its IPC
// channel. When that channel closes, for whatever reason (kill -9 included), it kills them all, removes the bed's folders and ends.
// Should it be killed itself, the kernel ends the processes (PDEATHSIG).

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'

/** What the test process asks for. */
export type Request =
  | { do: 'spawn'; id: number; command: readonly string[]; env: Record<string, string>; output: string }
  /** `init` is the one child of the process: what runs inside a container. */
  | { do: 'signal'; id: number; signal: NodeJS.Signals; to: 'process' | 'init' }
  | { do: 'own folder'; folder: string }
  | { do: 'close' }

/** What it is told. */
export type Report =
  | { id: number; is: 'spawned'; pid: number }
  | { id: number; is: 'not spawned'; why: string }
  | { id: number; is: 'ended'; code: number | null; signal: NodeJS.Signals | null }

const processes = new Map<number, ChildProcess>()
const folders = new Set<string>()

function handle(request: Request): void {
  switch (request.do) {
    case 'spawn':
      start(request)
      return
    case 'signal':
      signal(request)
      return
    case 'own folder':
      folders.add(request.folder)
      return
    case 'close':
      process.disconnect()
      return
    default:
      throw new Error(`unknown request ${JSON.stringify(request satisfies never)}`)
  }
}

function start(request: Extract<Request, { do: 'spawn' }>): void {
  const { id, command, env, output } = request
  const log = openSync(output, 'a')
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], { env, stdio: ['ignore', log, log] })
  closeSync(log)
  child.once('error', (error) => {
    if (child.pid !== undefined) return
    processes.delete(id)
    report({ id, is: 'not spawned', why: error.message })
  })
  child.once('spawn', () => child.pid !== undefined && report({ id, is: 'spawned', pid: child.pid }))
  child.once('exit', (code, signal) => {
    processes.delete(id)
    report({ id, is: 'ended', code, signal })
  })
  processes.set(id, child)
}

function signal({ id, signal, to }: Extract<Request, { do: 'signal' }>): void {
  const pid = processes.get(id)?.pid
  if (pid === undefined) return
  if (signal === 'SIGKILL' && to === 'process') killWithChild(pid)
  else kill(to === 'process' ? pid : onlyChild(pid), signal)
}

/** The child first: it is the init of a container, which takes everything in it down. */
function killWithChild(pid: number): void {
  kill(onlyChild(pid), 'SIGKILL')
  kill(pid, 'SIGKILL')
}

function onlyChild(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return children === '' ? undefined : Number(children.split(' ')[0])
  } catch {
    return undefined
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(pid, signal)
  } catch {
    // It has just ended by itself; its exit is reported anyway.
  }
}

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

async function cleanUp(): Promise<void> {
  const ends = [...processes.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)))
  for (const { pid } of processes.values()) if (pid !== undefined) killWithChild(pid)
  await Promise.all(ends)
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}

if (import.meta.main) {
  process.on('message', (message) => handle(message as Request))
  process.once('disconnect', () => void cleanUp().finally(() => process.exit(0)))
  // Signals to the group of the test process are not for this one: it ends when the channel closes.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined)
}
