// How much one step may use of the machine: what is said, or a share of what there is.
import { availableParallelism, totalmem } from 'node:os'
import { Fault } from '../../base/index.ts'

export interface Limits {
  /** As the engine writes sizes. */
  memory: string
  threads: number
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
  }
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
