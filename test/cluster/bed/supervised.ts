// The test process's side of supervisor.ts: processes that end with the test process, whatever ends it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Report, Request } from './supervisor.ts'

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface SpawnOptions {
  readonly command: readonly string[]
  readonly env?: Record<string, string>
  /** File that both output streams are appended to. */
  readonly output: string
}

export interface Supervised {
  readonly pid: number
  readonly ended: Promise<Ending>
  /** Undefined while it runs. */
  readonly ending: Ending | undefined
  signal(name: NodeJS.Signals, to?: 'process' | 'init'): void
}

export class Supervisor {
  readonly #child: ChildProcess
  readonly #listeners = new Map<number, (report: Report) => void>()
  #lastId = 0

  /** Starts the supervisor of one bed. Its folders are removed and its processes ended by `stop`, or when this process ends. */
  static async start(): Promise<Supervisor> {
    const file = join(import.meta.dirname, 'supervisor.ts')
    // A session of its own, so that Ctrl-C in a terminal reaches the tests only.
    const child = spawn(process.execPath, [file], {
      detached: true,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    await once(child, 'spawn')
    return new Supervisor(child)
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message) => {
      const report = message as Report
      this.#listeners.get(report.id)?.(report)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  ownFolder(folder: string): void {
    this.#ask({ do: 'own folder', folder })
  }

  async spawn(options: SpawnOptions): Promise<Supervised> {
    this.#lastId += 1
    const id = this.#lastId
    const env = options.env ?? { PATH: process.env['PATH'] ?? '' }
    const started = new Promise<Supervised>((resolve, reject) => {
      const end = Promise.withResolvers<Ending>()
      let ending: Ending | undefined
      this.#listeners.set(id, (report) => {
        if (report.is === 'spawned')
          resolve(new Handle({ pid: report.pid, end: end.promise, now: () => ending, signal: this.#signaller(id) }))
        if (report.is === 'spawned') return
        this.#listeners.delete(id)
        if (report.is === 'not spawned') return reject(new Error(`cannot start ${options.command[0]}: ${report.why}`))
        ending = { code: report.code, signal: report.signal }
        end.resolve(ending)
      })
    })
    this.#ask({ do: 'spawn', id, command: options.command, env, output: options.output })
    return await started
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#ask({ do: 'close' })
    await exit
  }

  #signaller(id: number): Supervised['signal'] {
    return (signal, to = 'process') => this.#ask({ do: 'signal', id, signal, to })
  }

  #ask(request: Request): void {
    if (this.#child.connected) this.#child.send(request)
  }
}

interface HandleParts {
  readonly pid: number
  readonly end: Promise<Ending>
  readonly now: () => Ending | undefined
  readonly signal: Supervised['signal']
}

class Handle implements Supervised {
  readonly pid: number
  readonly ended: Promise<Ending>
  readonly signal: Supervised['signal']
  readonly #now: () => Ending | undefined

  constructor(parts: HandleParts) {
    this.pid = parts.pid
    this.ended = parts.end
    this.signal = parts.signal
    this.#now = parts.now
  }

  get ending(): Ending | undefined {
    return this.#now()
  }
}
