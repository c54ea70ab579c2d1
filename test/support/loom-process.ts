// `loom` as people run it: a process of its own, whose output and end can be looked at.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const PATIENCE_MS = 60_000

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface LoomProcess {
  child: ChildProcess
  ended: Promise<Ended>
  /** What it has written to standard error so far. */
  stderr(): string
}

export interface LoomOptions {
  cwd: string
  /** Options of Node, before the script. */
  node?: readonly string[]
  env?: Record<string, string | undefined>
  stdin?: string
}

export function startLoom(args: readonly string[], { cwd, node = [], env = {}, stdin }: LoomOptions): LoomProcess {
  const child = spawn(process.execPath, [...node, MAIN, ...args], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: undefined, NO_COLOR: undefined, ...env },
  })
  child.stdin.on('error', () => undefined) // it may have ended without reading
  child.stdin.end(stdin ?? '')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, stdout, stderr }))
  return { child, ended, stderr: () => stderr }
}

/** One command from start to end. */
export const loom = async (args: readonly string[], options: LoomOptions): Promise<Ended> =>
  await startLoom(args, options).ended

/** Waits until it is so; fails when the process ends before, or it takes too long. */
export async function until(
  what: string,
  isSo: () => boolean,
  { child, stderr }: Pick<LoomProcess, 'child' | 'stderr'>,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!isSo()) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended before ${what}: ${stderr()}`)
    if (Date.now() > deadline) throw new Error(`it did not come to ${what}: ${stderr()}`)
    await delay(1)
  }
}

export const exists = (...path: string[]): boolean => existsSync(join(...path))
