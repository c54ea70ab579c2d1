// One closed instance for each step. Opening one takes about 10 ms, so the next is opened while a step runs.
// I1 Before any text of a user is run, the instance can reach what the step declares and nothing else, can load no
//    extension and can change no setting (design §5).
// I2 Every connection speaks UTC.
import { access } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../base/index.ts'
import { textLiteral } from '../../step/index.ts'
import { engineFault, missingExtension } from './errors.ts'
import { DuckDbSession, type SessionOptions } from './session.ts'

export interface DuckDbOptions {
  /** Of one step: `2GB`, `512MiB`, `512Mi`. Default: 55 % of the machine's (or container's) memory, shared by the parallel steps. */
  memoryLimit?: string
  /** Of one step, 1 to 1024. Default: one for each CPU. */
  threads?: number
  /** How many steps may run at the same time; only for the default memory limit. Default 1. */
  parallel?: number
  /** Folder of `NAME.duckdb_extension` files. */
  extensionsFolder?: string
  /** How many instances will be asked for; after so many none is opened in advance. Default: no end is known. */
  steps?: number
}

/** What a step may reach. */
export interface Reach {
  folders: string[]
  files: string[]
  extensions: string[]
  /** For spilling only; made when it is needed. The step's SQL can reach it too, so nothing else may lie in it. */
  spillFolder: string
}

interface Prepared {
  instance: DuckDBInstance
  main: DuckDBConnection
}

const MEMORY_SHARE = 0.55
/** The engine starts as many as it is told: thousands use up the process ids of the whole machine. */
const MOST_THREADS = 1024

function closeNow({ instance, main }: Prepared): void {
  main.closeSync()
  instance.closeSync()
}

export class InstancePool {
  readonly #options: DuckDbOptions
  readonly #memoryLimit: string
  #next: Promise<Prepared> | undefined
  #toCome: number
  readonly #closing = new Set<Promise<void>>()

  /** @throws Fault invalid InvalidMemoryLimit, InvalidThreads */
  constructor(options: DuckDbOptions) {
    if (options.threads !== undefined) assertThreads(options.threads)
    this.#options = options
    this.#memoryLimit =
      options.memoryLimit === undefined ? defaultMemoryLimit(options.parallel ?? 1) : engineSize(options.memoryLimit)
    this.#toCome = options.steps ?? Number.POSITIVE_INFINITY
    this.#openNext()
  }

  /** @throws Fault missing ExtensionMissing */
  async open(reach: Reach, options: Omit<SessionOptions, 'onClosed'>): Promise<DuckDbSession> {
    const opening = this.#next ?? this.#prepare()
    this.#next = undefined
    this.#toCome--
    const { instance, main } = await opening.catch((thrown: unknown) => {
      throw engineFault(thrown, '')
    })
    try {
      for (const name of reach.extensions) await this.#loadExtension(main, name)
      await main.run(closingStatements(reach))
    } catch (thrown) {
      closeNow({ instance, main })
      throw engineFault(thrown, '')
    }
    this.#openNext()
    return new DuckDbSession(instance, main, { ...options, onClosed: () => this.#closeSoon({ instance, main }) })
  }

  async close(): Promise<void> {
    const next = this.#next
    this.#next = undefined
    const prepared = await next
    if (prepared !== undefined) closeNow(prepared)
    await Promise.all(this.#closing)
  }

  /** Closing blocks for 2 ms or so; the step that is done need not wait for it. */
  #closeSoon(prepared: Prepared): void {
    const closing = setImmediate().then(() => {
      closeNow(prepared)
      this.#closing.delete(closing)
    })
    this.#closing.add(closing)
  }

  #openNext(): void {
    if (this.#next !== undefined || this.#toCome <= 0) return
    this.#next = this.#prepare()
    this.#next.catch(() => undefined) // whoever takes it sees the failure
  }

  async #prepare(): Promise<Prepared> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: this.#memoryLimit,
      threads: String(this.#options.threads ?? availableParallelism()),
      errors_as_json: 'true',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    })
    const main = await instance.connect()
    await main.run("SET GLOBAL TimeZone = 'UTC'; SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    return { instance, main }
  }

  async #loadExtension(connection: DuckDBConnection, name: string): Promise<void> {
    const folder = this.#options.extensionsFolder
    const path = folder === undefined ? undefined : join(folder, `${name}.duckdb_extension`)
    if (path === undefined || !(await exists(path))) throw new Fault(missingExtension(name))
    await connection.run(`LOAD ${textLiteral(path)}`)
  }
}

function closingStatements({ folders, files, spillFolder }: Reach): string {
  const list = (paths: string[]) => `[${[...new Set(paths)].map(textLiteral).join(', ')}]`
  return [
    `SET temp_directory = ${textLiteral(spillFolder)}`,
    `SET allowed_directories = ${list(folders)}`,
    // a folder is not below itself: the engine would not write files into it
    `SET allowed_paths = ${list([...files, ...folders])}`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ].join('; ')
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

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
