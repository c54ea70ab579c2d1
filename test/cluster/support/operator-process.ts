// The operator as users start it: a process of its own, told where the API server is by a kubeconfig.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { until } from '../bed/index.ts'

export const REPOSITORY = join(import.meta.dirname, '../../..')

export type Ending = number | NodeJS.Signals | null

export class OperatorProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<Ending>
  #log = ''
  #ending: Ending | undefined

  constructor(kubeconfig: string, more: readonly string[] = []) {
    const flags = ['--image', 'loom:dev', '--port', '0', '--host', '127.0.0.1', '--kubeconfig', kubeconfig, ...more]
    this.#child = spawn(process.execPath, [join(REPOSITORY, 'dist/cli/main.js'), 'operator', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString()
      })
    this.#ended = new Promise((resolve) =>
      this.#child.once('exit', (code, signal) => {
        this.#ending = code ?? signal
        resolve(this.#ending)
      }),
    )
  }

  /** Its exit code, or the signal that ended it; undefined while it runs. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  get log(): string {
    return this.#log
  }

  /** The lines of its log that are JSON, as objects. */
  lines(): Record<string, unknown>[] {
    return this.#log
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  }

  isLeading(): boolean {
    return this.lines().some(({ msg }) => msg === 'leading')
  }

  async leads(): Promise<void> {
    await until('the operator leads', async () => this.isLeading())
  }

  /** Asks one of its endpoints. */
  async ask(path: string): Promise<{ status: number; text: string }> {
    const port = () => this.lines().find(({ msg }) => msg === 'listening')?.['port']
    await until('the operator listens', async () => port() !== undefined)
    const response = await fetch(`http://127.0.0.1:${port()}${path}`)
    return { status: response.status, text: await response.text() }
  }

  /** @returns its exit code, or the signal that ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.#child.kill(signal)
    return await this.#ended
  }
}
