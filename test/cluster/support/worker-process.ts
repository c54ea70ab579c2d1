// A worker as its pod starts it: `loom worker` as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../bed/index.ts'

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts')

export interface WorkerPlace {
  /** The broker, or a link to it. */
  url: string
  folder: string
  name?: string
  namespace?: string
  credentials?: string
  more?: readonly string[]
}

export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | NodeJS.Signals | null>
  #log = ''

  constructor({ url, folder, name = 'one', namespace = 'etl', credentials, more = [] }: WorkerPlace) {
    const flags = {
      nats: url,
      namespace,
      pool: 'warm',
      name,
      work: join(folder, 'work'),
      ...(credentials === undefined ? {} : { 'nats-credentials': credentials }),
    }
    const words = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
    this.#child = spawn(process.execPath, [MAIN, 'worker', ...words, ...more], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString()
      })
    this.#ended = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve(code ?? signal)))
  }

  get log(): string {
    return this.#log
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get ended(): Promise<number | NodeJS.Signals | null> {
    return this.#ended
  }

  async logs(text: string): Promise<void> {
    await until(`the worker logs "${text}"`, () => this.#log.includes(text), { everyMs: 10, seen: () => this.#log })
  }

  /** Pids of its engine processes. */
  engines(): number[] {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim()
    return children === '' ? [] : children.split(' ').map(Number)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Its engines see that it is gone, and end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGCONT')
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
