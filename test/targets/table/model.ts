// Each write mode by its definition, over rows in memory: slow, plain, and made without looking at the real one.
import type { SchemaMode, WriteMode } from '../../../src/plan/index.ts'

export type Cell = number | string | null
export type ModelRow = Record<string, Cell>

export interface ModelTable {
  columns: string[]
  partitionColumns: string[]
  rows: ModelRow[]
}

export interface ModelFrame {
  columns: string[]
  rows: ModelRow[]
}

/** What the write must be refused for, by the code of its fault. */
export class Refused extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** A condition in SQL, and the same over a row: true, false, or null. */
export interface ModelCondition {
  sql: string
  columns: string[]
  holds: (row: ModelRow) => boolean | null
}

export interface ModelWrite {
  frame: ModelFrame
  write: WriteMode
  schema: SchemaMode
  dropExtraColumns: boolean
  /** Of replaceWhere and replacePartition. */
  condition?: ModelCondition
}

/** @throws Refused */
export function applied(table: ModelTable | undefined, step: ModelWrite): ModelTable {
  const { frame } = step
  const columns = columnsAfter(table, step)
  const partitionColumns = partitioningAfter(table, step, columns)
  if (partitionColumns.some((name) => !columns.includes(name))) throw new Refused('PartitionColumnNotSupported')
  if (partitionColumns.length === columns.length && columns.length > 0) throw new Refused('PartitionColumnNotSupported')
  const fill = (row: ModelRow) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null]))
  const old = (table?.rows ?? []).map(fill)
  const given = frame.rows.map(fill)
  return { columns, partitionColumns, rows: rowsAfter(old, given, { ...step, known: columns }) }
}

function columnsAfter(table: ModelTable | undefined, { frame, schema, dropExtraColumns, write }: ModelWrite): string[] {
  if (table === undefined) return frame.columns
  if (schema === 'overwrite') {
    if (write.mode !== 'replace') throw new Refused('SchemaOverwriteNeedsReplace')
    return frame.columns
  }
  const extra = frame.columns.filter((name) => !table.columns.includes(name))
  if (schema === 'evolve') return [...table.columns, ...extra]
  if (extra.length > 0 && !dropExtraColumns) throw new Refused('ExtraColumns')
  return table.columns
}

function partitioningAfter(table: ModelTable | undefined, { write, schema }: ModelWrite, columns: string[]): string[] {
  if (table === undefined) return partitioning(write)
  const wanted = 'partitionBy' in write ? write.partitionBy : []
  if (schema === 'overwrite')
    return wanted.length > 0 ? wanted : table.partitionColumns.filter((name) => columns.includes(name))
  if (wanted.length > 0 && [...wanted].sort().join() !== [...table.partitionColumns].sort().join())
    throw new Refused('PartitioningDiffers')
  return table.partitionColumns
}

function partitioning(write: WriteMode): string[] {
  if (write.mode === 'replacePartitions') return write.by
  if (write.mode === 'replacePartition') return write.values.map(({ column }) => column)
  return write.partitionBy
}

function rowsAfter(old: ModelRow[], given: ModelRow[], step: ModelWrite & { known: string[] }): ModelRow[] {
  const { write, frame, condition, known } = step
  const isKnown = (names: string[]) => {
    if (names.some((name) => !known.includes(name))) throw new Refused('UnknownColumn')
  }
  const needs = (names: string[]) => {
    for (const name of names) {
      isKnown([name])
      if (!frame.columns.includes(name)) throw new Refused('MissingColumn')
    }
  }
  switch (write.mode) {
    case 'append':
      return [...old, ...given]
    case 'replace':
      return given
    case 'replacePartitions': {
      needs(write.by)
      if (given.some((row) => write.by.some((name) => row[name] === null))) throw new Refused('NullPartitionValue')
      const key = (row: ModelRow) => JSON.stringify(write.by.map((name) => row[name]))
      const replaced = new Set(given.map(key))
      return [...old.filter((row) => !replaced.has(key(row))), ...given]
    }
    case 'replacePartition':
    case 'replaceWhere': {
      if (write.mode === 'replacePartition') needs(write.values.map(({ column }) => column))
      isKnown(condition?.columns ?? [])
      const holds = condition?.holds ?? (() => null)
      if (given.some((row) => holds(row) !== true)) throw new Refused('RowsOutside')
      return [...old.filter((row) => holds(row) !== true), ...given]
    }
    case 'upsert':
      return upserted(old, given, { write, frame, needs, isKnown })
    default:
      return write satisfies never
  }
}

interface Upserting {
  write: Extract<WriteMode, { mode: 'upsert' }>
  frame: ModelFrame
  needs: (names: string[]) => void
  isKnown: (names: string[]) => void
}

function upserted(old: ModelRow[], given: ModelRow[], { write, frame, needs, isKnown }: Upserting): ModelRow[] {
  const keyColumns = [...write.keys, ...write.partitionBy]
  needs(keyColumns)
  needs(write.include)
  isKnown(write.exclude)
  const key = (row: ModelRow) => JSON.stringify(keyColumns.map((name) => row[name]))
  const byKey = new Map(given.map((row) => [key(row), row]))
  if (byKey.size < given.length) throw new Refused('DuplicateKeys')
  const changes = (
    write.include.length > 0 ? write.include : frame.columns.filter((name) => !write.exclude.includes(name))
  ).filter((name) => !keyColumns.includes(name))
  const met = new Set(old.map(key))
  const updated = old.map((row) => {
    const source = byKey.get(key(row))
    const changed = source === undefined ? [] : changes.filter((name) => name in row)
    return { ...row, ...Object.fromEntries(changed.map((name) => [name, source?.[name] ?? null])) }
  })
  return [...updated, ...given.filter((row) => !met.has(key(row)))]
}
