// One closed instance for each step. Opening one takes about 10 ms, so the next is opened while a step runs.
// I1 Before any text of a user is run, the instance can reach what the step declares and nothing else, can load no
//    extension and can change no setting (design §5).
// I2 Every connection speaks UTC.
import { access } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../base/index.ts'
import { textLiteral } from '../../step/index.ts'
import { engineFault, missingExtension } from './errors.ts'
import { DuckDbSession, type SessionOptions } from './session.ts'

export interface DuckDbOptions {
  /** Of one step, as the engine writes sizes: `2GB`, `512MiB`. Default: 55 % of the machine's (or container's) memory, shared by the parallel steps. */
  memoryLimit?: string
  /** Of one step. Default: one for each CPU. */
  threads?: number
  /** How many steps may run at the same time; only for the default memory limit. Default 1. */
  parallel?: number
  /** Folder of `NAME.duckdb_extension` files. */
  extensionsFolder?: string
}

/** What a step may reach. */
export interface Reach {
  folders: string[]
  files: string[]
  extensions: string[]
  spillFolder: string
}

const MEMORY_SHARE = 0.55

export class InstancePool {
  readonly #options: DuckDbOptions
  #next: Promise<DuckDBInstance> | undefined

  constructor(options: DuckDbOptions) {
    this.#options = options
    this.#openNext()
  }

  /** @throws Fault missing ExtensionMissing */
  async open(reach: Reach, options: SessionOptions): Promise<DuckDbSession> {
    const opening = this.#next ?? this.#create()
    this.#next = undefined
    const instance = await opening
    const main = await instance.connect()
    try {
      for (const name of reach.extensions) await this.#loadExtension(main, name)
      await main.run(closingStatements(reach))
    } catch (thrown) {
      main.closeSync()
      instance.closeSync()
      throw engineFault(thrown, '')
    }
    this.#openNext()
    return new DuckDbSession(instance, main, options)
  }

  async close(): Promise<void> {
    const next = this.#next
    this.#next = undefined
    const instance = await next
    instance?.closeSync()
  }

  #openNext(): void {
    if (this.#next !== undefined) return
    this.#next = this.#create()
    this.#next.catch(() => undefined) // whoever takes it sees the failure
  }

  async #create(): Promise<DuckDBInstance> {
    const { memoryLimit, threads, parallel } = this.#options
    return await DuckDBInstance.create(':memory:', {
      memory_limit: memoryLimit ?? defaultMemoryLimit(parallel ?? 1),
      threads: String(threads ?? availableParallelism()),
      errors_as_json: 'true',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    })
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
    "SET GLOBAL TimeZone = 'UTC'",
    `SET temp_directory = ${textLiteral(spillFolder)}`,
    'SET enable_progress_bar = true',
    'SET enable_progress_bar_print = false',
    `SET allowed_directories = ${list(folders)}`,
    `SET allowed_paths = ${list(files)}`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ].join('; ')
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
