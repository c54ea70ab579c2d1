// How much one step may use of the machine: what is said, or a share of what there is.
import { availableParallelism, totalmem } from 'node:os'
import { Fault } from '../../base/index.ts'

export interface Limits {
  /** As the engine writes sizes. */
  memory: string
  threads: number
  /** Among so many steps the memory was divided; undefined when each was told how much it may use. */
  sharers: number | undefined
}

export interface LimitOptions {
  /** Of one step: `2GB`, `512MiB`, `512Mi`. Default: 55 % of the machine's (or container's) memory, shared by the parallel steps. */
  memoryLimit?: string
  /** Of one step, 1 to 1024. Default: one for each CPU. */
  threads?: number
  /** How many steps may run at the same time; only for the default memory limit. Default 1. */
  parallel?: number
}

const MEMORY_SHARE = 0.55
/** The engine starts as many as it is told: thousands use up the process ids of the whole machine. */
const MOST_THREADS = 1024

/** @throws Fault invalid InvalidMemoryLimit, InvalidThreads */
export function limitsOf({ memoryLimit, threads, parallel = 1 }: LimitOptions): Limits {
  if (threads !== undefined) assertThreads(threads)
  return {
    memory: memoryLimit === undefined ? defaultMemoryLimit(parallel) : engineSize(memoryLimit),
    threads: threads ?? availableParallelism(),
    sharers: memoryLimit === undefined ? parallel : undefined,
  }
}

/** Says how much memory the step had, and why it had no more. Other faults are left. */
export function withLimits(fault: Fault, { memory, sharers = 1 }: Limits): Fault {
  if (fault.code !== 'OutOfMemory') return fault
  const { kind, code, at, cause } = fault
  const share = sharers > 1 ? `, its share among ${sharers} steps at the same time` : ''
  const way =
    sharers > 1 ? 'run fewer of them (--parallel), or say how much each may use (--memory)' : 'give it more (--memory)'
  const message = `${fault.message.split('; ', 1)[0]}; the step has ${memory}${share}: ${way}, or make it sort, group or join less at once`
  return new Fault({ kind, code, message, ...(at === undefined ? {} : { at }), cause: cause ?? fault })
}

function engineSize(text: string): string {
  const size = /^([0-9]+(?:\.[0-9]+)?) ?([KMGT]i?B?)$/.exec(text)
  if (size !== null) return `${size[1]}${size[2]?.replace(/B?$/, 'B')}`
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidMemoryLimit',
    message: `cannot use memory limit "${text}": it is no size; write it like 2GB or 512MiB`,
  })
}

function assertThreads(threads: number): void {
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidThreads',
    message: `cannot use ${threads} threads for one step: it is no whole number from 1 to ${MOST_THREADS}; leave it out to use every CPU`,
  })
}

function defaultMemoryLimit(parallel: number): string {
  const container = process.constrainedMemory()
  const bytes = container > 0 && container < totalmem() ? container : totalmem()
  return `${Math.floor((bytes * MEMORY_SHARE) / Math.max(1, parallel) / 2 ** 20)}MiB`
}
