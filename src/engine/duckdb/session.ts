// SqlSession over one DuckDB instance that belongs to one step for as long as the session is open.
// S1 `run`, `rows` and `describe` share one connection; `load` and each open `stream` have their own, so that reading and
//    writing at the same time do not end each other. So they see no TEMP objects: make plain ones, they live as long as
//    the step. TEMP ones would outlive it where the instance serves others afterwards.
// S2 Once the signal is aborted or the session closed, what runs is interrupted and nothing more is begun: Fault
//    transient Interrupted.
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../base/index.ts'
import { type ColumnType, identifier, type JsonRow, type Row, type SqlSession } from '../../step/index.ts'
import { engineFault } from './errors.ts'
import { jsonRows } from './json-rows.ts'
import { loadRows } from './load.ts'
import { toRow } from './row-values.ts'

export interface SessionOptions {
  signal: AbortSignal
  /** At least this much of the running query is done, 0…100. */
  onPercentage?: (percentage: number) => void
  /** Name of a database in memory that is made for the session, and in which it works. Default: the instance's own. */
  database?: string
  /** Takes the instance back. Unharmed: nothing has failed in the session, and nothing was interrupted. */
  onClosed: (unharmed: boolean) => void
}

const PROGRESS_EVERY_MS = 200

export class DuckDbSession implements SqlSession {
  readonly #instance: DuckDBInstance
  readonly #main: DuckDBConnection
  readonly #options: SessionOptions
  /** What runs, by its connection. */
  readonly #busy = new Map<Promise<unknown>, DuckDBConnection>()
  /** Beside the main one. */
  readonly #connections = new Set<DuckDBConnection>()
  #closed = false
  /** The last one; who checks a query and who writes it ask one after the other. No statement was run since. */
  #described: { query: string; columns: ColumnType[] } | undefined
  #unharmed = true
  readonly #interrupt = () => {
    for (const connection of this.#busy.values()) connection.interrupt()
  }

  /** @param main a connection of the instance, already set up */
  constructor({ instance, main }: { instance: DuckDBInstance; main: DuckDBConnection }, options: SessionOptions) {
    this.#instance = instance
    this.#main = main
    this.#options = options
    options.signal.addEventListener('abort', this.#interrupt)
  }

  /** To be called first where the session has a database of its own. */
  async begin(): Promise<void> {
    const { database } = this.#options
    if (database === undefined) return
    await this.run(`ATTACH ':memory:' AS ${identifier(database)}; USE ${identifier(database)}`)
  }

  async run(sql: string): Promise<void> {
    this.#described = undefined
    await this.#execute(this.#main, sql, () => this.#main.run(sql))
  }

  async rows(sql: string): Promise<JsonRow[]> {
    return await this.#execute(this.#main, sql, async () => jsonRows(await this.#main.run(sql)))
  }

  async *stream(sql: string): AsyncGenerator<Row[]> {
    const connection = await this.#connect()
    try {
      const result = await this.#execute(connection, sql, () => connection.stream(sql))
      const names = result.deduplicatedColumnNames()
      for (;;) {
        const chunk = await this.#execute(connection, sql, () => result.fetchChunk())
        if (chunk === null || chunk.rowCount === 0) return
        yield chunk.getRows().map((values) => toRow(names, values))
      }
    } finally {
      this.#disconnect(connection)
    }
  }

  async describe(query: string): Promise<ColumnType[]> {
    if (this.#described?.query === query) return this.#described.columns
    const prefix = 'DESCRIBE '
    const sql = prefix + query
    const rows = await this.#execute(this.#main, sql, async () => jsonRows(await this.#main.run(sql)), prefix)
    const columns = rows.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }))
    this.#described = { query, columns }
    return columns
  }

  async load(table: string, rows: Iterable<Row> | AsyncIterable<Row>, columns?: ColumnType[]): Promise<void> {
    this.#described = undefined
    const connection = await this.#connect()
    try {
      const execute = async (sql: string) => {
        // the statements are ours: a position in them tells a user nothing
        return await this.#execute(connection, sql, async () => jsonRows(await connection.run(sql)), sql)
      }
      await loadRows({ connection, execute, assertRunning: () => this.#assertRunning() }, table, { rows, columns })
    } finally {
      this.#disconnect(connection)
    }
  }

  /** Ends what still runs, such as queries that code did not wait for; nothing can be begun any more. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#busy.size > 0 || this.#options.signal.aborted) this.#unharmed = false
    this.#interrupt()
    await Promise.allSettled(this.#busy.keys())
    this.#options.signal.removeEventListener('abort', this.#interrupt)
    for (const connection of this.#connections) this.#disconnect(connection)
    this.#options.onClosed(this.#unharmed)
  }

  async #connect(): Promise<DuckDBConnection> {
    this.#assertRunning()
    const connection = await this.#instance.connect()
    this.#connections.add(connection)
    const { database } = this.#options
    if (database !== undefined) await connection.run(`USE ${identifier(database)}`)
    return connection
  }

  #disconnect(connection: DuckDBConnection): void {
    if (this.#connections.delete(connection)) connection.closeSync()
  }

  async #execute<T>(connection: DuckDBConnection, sql: string, work: () => Promise<T>, prefix = ''): Promise<T> {
    this.#assertRunning()
    const progress = this.#watchProgress(connection)
    const running = work()
    this.#busy.set(running, connection)
    try {
      return await running
    } catch (thrown) {
      this.#unharmed = false
      this.#assertRunning()
      throw engineFault(thrown, sql, prefix)
    } finally {
      clearInterval(progress)
      this.#busy.delete(running)
    }
  }

  #watchProgress(connection: DuckDBConnection): NodeJS.Timeout | undefined {
    const { onPercentage } = this.#options
    if (onPercentage === undefined || connection !== this.#main) return undefined
    return setInterval(() => {
      const { percentage } = connection.progress
      if (percentage >= 0) onPercentage(percentage)
    }, PROGRESS_EVERY_MS).unref()
  }

  #assertRunning(): void {
    if (!this.#options.signal.aborted && !this.#closed) return
    throw new Fault({
      kind: 'transient',
      code: 'Interrupted',
      message: 'cannot finish the step: it was interrupted',
      cause: this.#options.signal.reason,
    })
  }
}
