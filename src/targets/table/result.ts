// The step's result as rows of the table: streamed where they are read once, stored where they are read more often.
import { identifier, type SqlSession } from '../../step/index.ts'
import { type AlignedColumn, type Alignment, alignedQuery } from './align.ts'

/** No alias of a source has a space in it. */
const STORED = '"loom result"'
const LONGEST_VALUE = 100

/** What the session's table of stored rows holds: it serves the next try too, if that asks for the same. */
export interface StoredRows {
  query?: string
}

export class ResultRows {
  readonly columns: AlignedColumn[]
  readonly #session: SqlSession
  readonly #raw: string
  readonly #kept: StoredRows
  readonly #aligned: string

  /** @param raw the step's query, its columns as they are */
  constructor(raw: string, alignment: Alignment, { session, kept }: { session: SqlSession; kept: StoredRows }) {
    this.#kept = kept
    this.#session = session
    this.#raw = raw
    this.columns = alignment.columns
    this.#aligned = alignedQuery(raw, alignment)
  }

  /** A SELECT of the table's columns, in its order and of its types. */
  get query(): string {
    if (this.#kept.query !== this.#aligned) return this.#aligned
    return `SELECT ${this.columns.map(({ name }) => identifier(name)).join(', ')} FROM ${STORED}`
  }

  /** The table's column of that name, if the result has it. */
  given(name: string): AlignedColumn | undefined {
    return this.columns.find((column) => column.name === name && column.from !== undefined)
  }

  /** Keeps the rows in a table of the session, so that they are computed once. @returns its name */
  async store(): Promise<string> {
    if (this.#kept.query !== this.#aligned) {
      delete this.#kept.query
      await this.#session.run(`CREATE OR REPLACE TABLE ${STORED} AS ${this.#aligned}`)
      this.#kept.query = this.#aligned
    }
    return STORED
  }

  /** The text of the first value of the step's own column that is not null and satisfies the condition. */
  async firstValue(name: string, condition: string): Promise<string | undefined> {
    const column = identifier(name)
    const [row] = await this.#session.rows(
      `FROM (${this.#raw}) SELECT left(CAST(${column} AS VARCHAR), ${LONGEST_VALUE}) AS "value" WHERE ${column} IS NOT NULL AND ${condition} LIMIT 1`,
    )
    return row === undefined ? undefined : String(row['value'])
  }
}
