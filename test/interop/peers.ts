// Other implementations of Delta Lake, in one Python process that answers one request after the other (peers.py).
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const READERS = ['delta-rs', 'delta-rs-arrow', 'duckdb'] as const
export type Reader = (typeof READERS)[number]

/** Every value as DuckDB's text of it, null as null; rows sorted, since a table has no order. */
export interface Contents {
  columns: string[]
  rows: (string | null)[][]
}

interface Reply {
  ok?: unknown
  error?: string
}

export class PeerError extends Error {}

export class Peers {
  readonly #python: ChildProcess
  readonly #replies: AsyncIterator<string>
  #last: Promise<unknown> = Promise.resolve()
  #stderr = ''

  /** @param python the interpreter of the environment that `make test-interop` makes */
  constructor(python = process.env['INTEROP_PYTHON']) {
    if (python === undefined) throw new Error('INTEROP_PYTHON is not set; run make test-interop')
    const script = fileURLToPath(new URL('peers.py', import.meta.url))
    this.#python = spawn(python, ['-u', script], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#python.stderr?.on('data', (text: Buffer) => {
      this.#stderr = (this.#stderr + text.toString()).slice(-4000)
    })
    const { stdout } = this.#python
    if (stdout === null) throw new Error('Python has no output')
    this.#replies = createInterface({ input: stdout })[Symbol.asyncIterator]()
    this.#last = this.#reply()
  }

  async read(request: { reader: Reader; path: string; version?: number; where?: string }): Promise<Contents> {
    return sorted((await this.#ask({ command: 'read', ...request })) as Contents)
  }

  /** Runs one of scenarios.py on the folder of a table. */
  async write(scenario: string, path: string, options: Record<string, unknown> = {}): Promise<void> {
    await this.#ask({ command: 'write', scenario, path, options })
  }

  async insert(path: string, query: string): Promise<void> {
    await this.#ask({ command: 'insert', path, query })
  }

  async facts(path: string, appId?: string): Promise<Record<string, unknown>> {
    return (await this.#ask({ command: 'facts', path, ...(appId === undefined ? {} : { appId }) })) as Record<
      string,
      unknown
    >
  }

  close(): void {
    this.#python.stdin?.end()
  }

  /** One request at a time, in order. @throws PeerError with what the other side said */
  async #ask(request: Record<string, unknown>): Promise<unknown> {
    const asked = this.#last
      .catch(() => undefined)
      .then(async () => {
        this.#python.stdin?.write(`${JSON.stringify(request)}\n`)
        const reply = await this.#reply()
        if (reply.error !== undefined) throw new PeerError(`${request['command']}: ${reply.error}`)
        return reply.ok
      })
    this.#last = asked
    return await asked
  }

  async #reply(): Promise<Reply> {
    const { done, value } = await this.#replies.next()
    if (done === true) throw new PeerError(`Python has ended: ${this.#stderr}`)
    return JSON.parse(value) as Reply
  }
}

export function sorted({ columns, rows }: Contents): Contents {
  const keyed = rows.map((row) => ({ row, key: JSON.stringify(row) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return { columns, rows: keyed.map(({ row }) => row) }
}
