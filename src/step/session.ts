// One conversation with an SQL engine. Formats, sources and targets speak SQL through this and know no library.
import type { Json } from '../base/index.ts'

export interface ColumnType {
  name: string
  /** The engine's type text, `DECIMAL(10,2)`, `STRUCT(a INTEGER, b VARCHAR[])`. */
  type: string
}

/** A row as JSON: 64-bit integers, decimals, dates and timestamps arrive as text. */
export type JsonRow = { [column: string]: Json }

/** A row with JavaScript values: bigint (64 bits and more), Date, Uint8Array, arrays, objects, Map. */
export type Row = { [column: string]: unknown }

export interface SqlSession {
  /** Runs one or several statements. @throws Fault (the engine's error, named, with a position where it has one) */
  run(sql: string): Promise<void>
  rows(sql: string): Promise<JsonRow[]>
  /**
   * Streams the rows of a query in chunks, so that a large result is never held as a whole. It has a connection of its
   * own and so sees no TEMP objects: make plain ones, they live as long as the step.
   */
  stream(sql: string): AsyncIterable<Row[]>
  /** Names and types of a query's columns, without running it. */
  describe(query: string): Promise<ColumnType[]>
  /** Makes a table of rows that come one by one; types are found from the values, or given. */
  load(table: string, rows: Iterable<Row> | AsyncIterable<Row>, columns?: ColumnType[]): Promise<void>
}
