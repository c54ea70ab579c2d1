// Who is at a run: a process, named so that others can tell whether it still lives, and not another one with its pid.
import { createHash, randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'

/** A sweeper only tidies up, for a moment; a runner runs. */
export type HolderKind = 'run' | 'sweep'

export interface Holder {
  /** A lawful file name. */
  name: string
  kind: HolderKind
  pid: number
  /** The kernel's start time of the process; empty where it can't be known. */
  startedAt: string
  /** Which machine, and which boot of it. */
  machine: string
}

/** A process of another machine is taken for dead when its file was not touched for this long. */
const SILENT_MS = 120_000
/** How often a holder touches its file. */
export const TOUCH_MS = 15_000

let machine: Promise<string> | undefined

export async function thisProcess(kind: HolderKind): Promise<Holder> {
  machine ??= findMachine()
  const { pid } = process
  const parts = { kind, pid, startedAt: await startOf(pid), machine: await machine }
  return { ...parts, name: `${kind}~${pid}~${parts.startedAt}~${parts.machine}~${randomUUID()}` }
}

/** undefined: no name of a holder. */
export function parseHolder(name: string): Holder | undefined {
  const [kind, pid, startedAt, machine, id] = name.split('~')
  if ((kind !== 'run' && kind !== 'sweep') || id === undefined) return undefined
  return { name, kind, pid: Number(pid), startedAt: startedAt ?? '', machine: machine ?? '' }
}

/** @param path the holder's file */
export async function isAlive(holder: Holder, path: string): Promise<boolean> {
  machine ??= findMachine()
  if (holder.machine !== (await machine)) {
    const touched = await stat(path).catch(() => undefined)
    return touched !== undefined && Date.now() - touched.mtimeMs < SILENT_MS
  }
  try {
    process.kill(holder.pid, 0)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')) return false
  }
  return holder.startedAt === '' || (await startOf(holder.pid)) === holder.startedAt
}

/** Empty also for a process that has ended and waits for its parent to notice. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '')
}

async function findMachine(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return createHash('sha256').update(`${hostname()}\n${boot}`).digest('hex').slice(0, 16)
}
