// The step's result as rows of the table: streamed where they are read once, stored where they are read more often.
import { identifier, type SqlSession } from '../../step/index.ts'
import { type AlignedColumn, type Alignment, alignedQuery } from './align.ts'

const STORED = 'temp."loom result"'
const LONGEST_VALUE = 100

export class ResultRows {
  readonly columns: AlignedColumn[]
  readonly #session: SqlSession
  readonly #raw: string
  #query: string
  #stored = false

  /** @param raw the step's query, its columns as they are */
  constructor(raw: string, alignment: Alignment, session: SqlSession) {
    this.#session = session
    this.#raw = raw
    this.columns = alignment.columns
    this.#query = alignedQuery(raw, alignment)
  }

  /** A SELECT of the table's columns, in its order and of its types. */
  get query(): string {
    return this.#query
  }

  /** The table's column of that name, if the result has it. */
  given(name: string): AlignedColumn | undefined {
    return this.columns.find((column) => column.name === name && column.from !== undefined)
  }

  /** Keeps the rows in a table of the session, so that they are computed once. @returns its name */
  async store(): Promise<string> {
    if (!this.#stored) {
      await this.#session.run(`CREATE OR REPLACE TEMP TABLE "loom result" AS ${this.#query}`)
      this.#query = `SELECT ${this.columns.map(({ name }) => identifier(name)).join(', ')} FROM ${STORED}`
      this.#stored = true
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
