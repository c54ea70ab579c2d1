// What a tree of processes has used of the processors, from /proc: Linux only.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** CPU seconds by the name of a process. */
export type ProcessorTime = Readonly<Record<string, number>>

interface Process {
  readonly pid: number
  readonly parent: number
  /** Seconds of its own, and of its children that have ended and were waited for. */
  readonly own: number
  readonly reaped: number
}

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** What a process is called, and what its children are that have ended. */
export type Naming = (commandLine: readonly string[]) => { readonly own: string; readonly ended: string }

/** CPU seconds so far of the process and of all that it has started, ended children included. */
export function usedBy(root: number, nameOf: Naming): ProcessorTime {
  const used: Record<string, number> = {}
  for (const { pid, own, reaped } of treeOf(root)) {
    const names = nameOf(commandLine(pid))
    used[names.own] = (used[names.own] ?? 0) + own
    used[names.ended] = (used[names.ended] ?? 0) + reaped
  }
  return used
}

export function difference(after: ProcessorTime, before: ProcessorTime): ProcessorTime {
  return Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]))
}

export const sum = (time: ProcessorTime): number => Object.values(time).reduce((all, seconds) => all + seconds, 0)

/**
 * Looks at a tree again and again, since some of its processes end without anybody who waits for them. What they use in the
 * last moments before their end is not seen.
 */
export class WatchedTree {
  readonly #seen = new Map<number, number>()
  readonly #root: number
  readonly #timer: NodeJS.Timeout

  constructor(root: number) {
    this.#root = root
    this.#timer = setInterval(() => this.#look(), 25)
  }

  /** CPU seconds of all processes that were ever seen. */
  stop(): number {
    clearInterval(this.#timer)
    return [...this.#seen.values()].reduce((all, seconds) => all + seconds, 0)
  }

  #look(): void {
    for (const { pid, own } of treeOf(this.#root)) this.#seen.set(pid, own)
  }
}

function treeOf(root: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => processOf(Number(pid)) ?? [])
  const children = Map.groupBy(all, ({ parent }) => parent)
  const found = all.filter(({ pid }) => pid === root)
  for (const { pid } of found) found.push(...(children.get(pid) ?? []))
  return found
}

function processOf(pid: number): Process | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / TICKS
    return { pid, parent: Number(fields[1]), own: seconds(11), reaped: seconds(13) }
  } catch {
    return undefined // it has just ended
  }
}

function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
