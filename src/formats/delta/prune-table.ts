// The files of a table as a relation that a condition over files is evaluated on: one row each, with the partition values
// and statistics that the condition asks for, typed as the table's columns are. What is not known is null.
import { identifier, textLiteral } from '../../step/index.ts'
import type { AddFile } from './actions.ts'
import {
  greatestColumn,
  leastColumn,
  nullsColumn,
  type PrunableColumn,
  ROWS_COLUMN,
  valueColumn,
} from './prune-may-match.ts'
import { parseExactly } from './prune-tree.ts'
import { partitionValueOf } from './scan.ts'

/** A SELECT with `position` (in `files`) and those of the columns that are wanted. */
export function tableOfFiles(files: AddFile[], columns: PrunableColumn[], wanted: Set<string>): string {
  let parsed: Statistics[] | undefined
  const statistics = (pick: (of: Statistics) => unknown) => {
    parsed ??= files.map(statisticsOf)
    return parsed.map((of) => scalarText(pick(of)))
  }
  const lists = [`unnest(range(${files.length})) AS position`]
  const add = (name: string, values: () => (string | null)[], typed: (list: string) => string) => {
    if (!wanted.has(name)) return
    const texts = values().map((value) => (value === null ? 'NULL' : textLiteral(value)))
    lists.push(`${typed(`unnest([${texts.join(', ')}]::VARCHAR[])`)} AS ${identifier(name)}`)
  }
  const count = (list: string) => `TRY_CAST(${list} AS BIGINT)`
  add(ROWS_COLUMN, () => statistics((of) => of.numRecords), count)
  for (const [at, { name, type }] of columns.entries()) {
    // A partition value that is no value of its type fails here, as it fails when it is read.
    add(
      valueColumn(at),
      () => files.map((file) => partitionValueOf(file, name)),
      (list) => `CAST(${list} AS ${type})`,
    )
    add(
      leastColumn(at),
      () => statistics((of) => of.minValues?.[name]),
      (list) => `TRY_CAST(${list} AS ${type})`,
    )
    // Other writers cut timestamps to milliseconds, the greatest one too.
    const slack = type.startsWith('TIMESTAMP') ? ' + INTERVAL 1 MILLISECOND' : ''
    add(
      greatestColumn(at),
      () => statistics((of) => of.maxValues?.[name]),
      (list) => `TRY_CAST(${list} AS ${type})${slack}`,
    )
    add(nullsColumn(at), () => statistics((of) => of.nullCount?.[name]), count)
  }
  return `SELECT ${lists.join(', ')}`
}

/** How many nulls of a column the file's statistics tell of; 0 when they are silent. */
export function nullCountOf(file: AddFile, column: string): number {
  return Number(statisticsOf(file).nullCount?.[column] ?? 0)
}

interface Statistics {
  numRecords?: unknown
  minValues?: Record<string, unknown>
  maxValues?: Record<string, unknown>
  nullCount?: Record<string, unknown>
}

/** Whoever wrote the log wrote these: what is not of the right shape counts as unknown. */
function statisticsOf(file: AddFile): Statistics {
  if (file.stats === undefined) return {}
  try {
    const parsed = parseExactly(file.stats)
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    return {}
  }
}

function scalarText(value: unknown): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' ? String(value) : null
}
