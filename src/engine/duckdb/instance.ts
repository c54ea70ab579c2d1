// Hands out sessions on closed instances: one instance for a step alone, or one that a run's steps share one after the
// other. Opening an instance and ending it take about 10 ms of CPU, a place of its own in a shared one half of one.
//
// IP1 An instance has one session at a time.
// IP2 In a shared instance each session has a database of its own, in memory, which goes with it: views, tables and their
//     memory. Nothing of ours lies elsewhere (no TEMP objects), and a user's SQL is one SELECT: it leaves nothing.
// IP3 A session in which anything has failed or was interrupted takes its instance with it.
import { setImmediate } from 'node:timers/promises'
import { identifier } from '../../step/index.ts'
import { closeToWorld, endInstance, type OpenInstance, openInstance, type Reach } from './closed-instance.ts'
import { engineFault } from './errors.ts'
import { type LimitOptions, type Limits, limitsOf } from './limits.ts'
import { DuckDbSession, type SessionOptions } from './session.ts'

export type { Reach } from './closed-instance.ts'

export interface DuckDbOptions extends LimitOptions {
  /** Folder of `NAME.duckdb_extension` files. Default: LOOM_EXTENSIONS, else below the user's home. */
  extensionsFolder?: string
  /** How many steps will begin; after so many no instance is opened in advance. Default: no end is known. */
  steps?: number
}

interface Shared extends OpenInstance {
  reach: Reach
  /** Once its last user's database is gone. */
  ready: Promise<void>
}

type OfSession = Omit<SessionOptions, 'onClosed' | 'database'>

export class InstancePool {
  readonly #options: DuckDbOptions
  /** Of each instance. */
  readonly limits: Limits
  #next: Promise<OpenInstance> | undefined
  #idle: Shared[] = []
  #begun = 0
  #shares = 0
  readonly #closing = new Set<Promise<void>>()

  /** @throws Fault invalid InvalidMemoryLimit, InvalidThreads */
  constructor(options: DuckDbOptions) {
    this.#options = options
    this.limits = limitsOf(options)
    this.#openNext()
  }

  /** One of the steps that were announced begins. */
  stepBegins(): void {
    this.#begun++
  }

  /** A session on an instance of its own. @throws Fault missing ExtensionMissing */
  async open(reach: Reach, options: OfSession): Promise<DuckDbSession> {
    const open = await this.#openClosed(reach)
    this.#openNext() // steps that need one come in series
    return new DuckDbSession(open, { ...options, onClosed: () => this.#endSoon(open) })
  }

  /**
   * A session on an instance that has served others before, or will.
   * @param reach of all that share it, always the same object; each instance spills into a folder beside its spillFolder
   */
  async share(reach: Reach, options: OfSession): Promise<DuckDbSession> {
    const number = ++this.#shares
    const database = `step ${number}`
    const shared = (await this.#takeIdle(reach)) ?? (await this.#openShared(reach, number))
    const session = new DuckDbSession(shared, {
      ...options,
      database,
      onClosed: (unharmed) => (unharmed ? this.#takeBack(shared, database) : this.#endSoon(shared)),
    })
    try {
      await session.begin()
      return session
    } catch (thrown) {
      await session.close()
      throw thrown
    }
  }

  async close(): Promise<void> {
    const next = this.#next
    this.#next = undefined
    const prepared = await next
    if (prepared !== undefined) endInstance(prepared)
    const idle = this.#idle.splice(0)
    await Promise.all(idle.map(({ ready }) => ready))
    for (const shared of idle) endInstance(shared)
    await Promise.all(this.#closing)
  }

  async #takeIdle(reach: Reach): Promise<Shared | undefined> {
    const shared = this.#idle.pop()
    if (shared === undefined) return undefined
    const ready = await shared.ready.then(
      () => true,
      () => false,
    )
    if (ready && shared.reach === reach) return shared
    this.#endSoon(shared)
    return await this.#takeIdle(reach)
  }

  #takeBack(shared: Shared, database: string): void {
    const ready = shared.main.run(`USE memory; DETACH ${identifier(database)}`).then(() => undefined)
    ready.catch(() => undefined) // whoever takes it sees the failure
    this.#idle.push({ ...shared, ready })
  }

  async #openShared(reach: Reach, number: number): Promise<Shared> {
    const own = { ...reach, spillFolder: `${reach.spillFolder}-${number}` }
    // A file that a later step reads may be another one by then, under the same name.
    const open = await this.#openClosed(own, ['enable_external_file_cache = false'])
    return { ...open, reach, ready: Promise.resolve() }
  }

  async #openClosed(reach: Reach, settings: string[] = []): Promise<OpenInstance> {
    const opening = this.#next ?? openInstance(this.limits)
    this.#next = undefined
    const open = await opening.catch((thrown: unknown) => {
      throw engineFault(thrown, '')
    })
    try {
      await closeToWorld(open, reach, { extensionsFolder: this.#options.extensionsFolder, settings })
    } catch (thrown) {
      endInstance(open)
      throw engineFault(thrown, '')
    }
    return open
  }

  /** The step that is done need not wait for it. */
  #endSoon(open: OpenInstance): void {
    const closing = setImmediate().then(() => {
      endInstance(open)
      this.#closing.delete(closing)
    })
    this.#closing.add(closing)
  }

  #openNext(): void {
    const { steps = Number.POSITIVE_INFINITY } = this.#options
    if (this.#next !== undefined || this.#begun >= steps) return
    this.#next = openInstance(this.limits)
    this.#next.catch(() => undefined) // whoever takes it sees the failure
  }
}
