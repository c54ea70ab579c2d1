// What a code step's function gets and may return. These types are the public face of code steps.
import type { ColumnType, Row, StepLog } from '../step/index.ts'

/**
 * A param as code sees it: string and uuid as text, `date` as text `2013-01-31`, `timestamp` as Date, `integer` as number
 * (as bigint beyond 2^53), `number`, `boolean`, a list as array, null when it was given as null.
 */
export type CodeParam = string | number | bigint | boolean | Date | null | CodeParam[]

/** A query's result, not computed yet. */
export interface Relation {
  /** What stands for it in SQL: a source's alias, or a query in brackets. */
  sql: string
  columns: ColumnType[]
  /**
   * Its rows, one by one, in bounded memory. Values: boolean; number (up to 32 bits, floats, decimals up to 15 digits);
   * bigint (BIGINT and wider); Date (timestamps, to the millisecond; a DATE is midnight UTC and goes back as a DATE);
   * string (text, wide decimals, time, interval, uuid); Uint8Array; array; object (STRUCT); Map (MAP); null.
   */
  rows(): AsyncIterable<Row>
}

export interface CodeContext {
  params: Record<string, CodeParam>
  /** By alias. */
  sources: Record<string, Relation>
  /** Checks one SELECT over the sources. @throws with the engine's reason when it is none, or does not fit them */
  query(sql: string): Promise<Relation>
  log: StepLog
  /** Aborted when the step is cancelled or its time is over. */
  signal: AbortSignal
}

export type CodeRows = Iterable<Row> | AsyncIterable<Row>

/** A query's text, a relation, rows, or rows with the SQL types of some or all of their columns. */
export type CodeResult = string | Pick<Relation, 'sql'> | CodeRows | { rows: CodeRows; columns: ColumnType[] }

/** A code step's function. */
export type CodeFunction = (context: CodeContext) => CodeResult | Promise<CodeResult>
