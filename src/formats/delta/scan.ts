// A table's rows as a SELECT over its data files.
//
// Invariants
// SC1 Names, types and order of the columns are the table's: what a file lacks is null there, what it has more is not seen.
// SC2 Partition values come from the log, never from paths, and never from within the files.
// SC3 A table without files is a relation without rows, with the same columns.
import { type ColumnType, identifier, textLiteral } from '../../step/index.ts'
import type { AddFile } from './actions.ts'
import { toColumns, toSqlType } from './column-types.ts'
import { partitionLiteral } from './partition-value.ts'
import type { DeltaSchema, DeltaType } from './schema.ts'

export interface Scan {
  /** The table's root, as the engine names it. */
  root: string
  files: AddFile[]
  schema: DeltaSchema
  partitionColumns: string[]
  /** Adds a column of this name with the file's position in `files`. */
  positionAs?: string
}

/** Up to here each combination of partition values gets a branch of its own, in which the engine can prune by them. */
const MOST_BRANCHES = 64
/** Below it, opening a branch costs more than reading its files. */
const BRANCH_BYTES = 1024 * 1024
/** A file below it has one row group or few: one thread will do. */
const THREADS_BYTES = 4 * 1024 * 1024

/** The SELECT text; needs no parentheses but those of its place. */
export function scanQuery(scan: Scan): string {
  if (scan.files.length === 0) return emptyQuery(scan)
  const branches = branchesOf(scan)
  return branches.map(({ files, from }) => branchQuery(scan, files, from)).join(' UNION ALL ')
}

interface Branch {
  files: AddFile[]
  /** The position of the first of them; a branch that is asked for positions holds neighbours. */
  from: number
}

function branchesOf(scan: Scan): Branch[] {
  const { files, partitionColumns, positionAs } = scan
  // A column of that name would hide the engine's own: then each file is read by itself.
  if (hasIndexColumn(scan) && (positionAs ?? partitionColumns[0]) !== undefined)
    return files.map((file, from) => ({ files: [file], from }))
  const whole = [{ files, from: 0 }]
  if (positionAs !== undefined || partitionColumns.length === 0) return whole
  const groups = byPartition(scan)
  const size = files.reduce((sum, file) => sum + file.size, 0)
  const worthIt = groups.length <= MOST_BRANCHES && size / groups.length >= BRANCH_BYTES
  return worthIt ? groups.map((group) => ({ files: group, from: 0 })) : whole
}

function byPartition({ files, partitionColumns }: Scan): AddFile[][] {
  const groups = new Map<string, AddFile[]>()
  for (const file of files) {
    const key = JSON.stringify(partitionColumns.map((name) => partitionValueOf(file, name)))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [file])
    else group.push(file)
  }
  return [...groups.values()]
}

function emptyQuery({ schema, positionAs }: Scan): string {
  const nulls = toColumns(schema).map(({ name, type }) => `CAST(NULL AS ${type}) AS ${identifier(name)}`)
  if (positionAs !== undefined) nulls.push(`CAST(NULL AS BIGINT) AS ${identifier(positionAs)}`)
  return `SELECT ${nulls.join(', ')} WHERE false`
}

const INDEX = 'CAST(file_index AS BIGINT)'
const hasIndexColumn = ({ schema }: Scan): boolean =>
  schema.fields.some(({ name }) => name.toLowerCase() === 'file_index')

function branchQuery(scan: Scan, files: AddFile[], from: number): string {
  const { root, schema, partitionColumns, positionAs } = scan
  const list = schema.fields.map(({ name, type }) =>
    partitionColumns.includes(name)
      ? `${partitionExpression(files, name, type)} AS ${identifier(name)}`
      : identifier(name),
  )
  if (positionAs !== undefined)
    list.push(`${files.length === 1 ? `CAST(${from} AS BIGINT)` : INDEX} AS ${identifier(positionAs)}`)
  const locations = files.map((file) => fileLocation(root, file.path))
  const columns = toColumns(schema).filter(({ name }) => !partitionColumns.includes(name))
  // Given a schema, the engine reads a file that is alone with one thread. So it stands there twice; the second one is
  // left out by the filter before it is read.
  const [only, other] = files
  const twice = only !== undefined && other === undefined && only.size >= THREADS_BYTES && !hasIndexColumn(scan)
  const reader = parquetReader(twice ? [...locations, ...locations] : locations, columns, rowsOf(files))
  return `SELECT ${list.join(', ')} FROM ${reader}${twice ? ' WHERE file_index = 0' : ''}`
}

/** As the log says, 0 where it does not. Only estimates may rest on it: the text is not taken apart. */
function rowsOf(files: AddFile[]): number {
  const counts = files.map(({ stats }) => /"numRecords"\s*:\s*([0-9]{1,15})\b/.exec(stats ?? '')?.[1])
  return counts.includes(undefined) ? 0 : counts.reduce((sum, count) => sum + Number(count), 0)
}

/** A constant where it can be; else two lists, of the distinct values and of which of them each file has. */
function partitionExpression(files: AddFile[], name: string, type: DeltaType): string {
  const values = files.map((file) => partitionValueOf(file, name))
  const distinct = [...new Set(values)]
  const [first] = distinct
  if (first === undefined || distinct.length === 1) return partitionLiteral(first ?? null, type)
  const at = new Map(distinct.map((value, position) => [value, position + 1]))
  const literals = distinct.map((value) => partitionLiteral(value, type))
  return `CAST([${literals.join(', ')}] AS ${toSqlType(type)}[])[[${values.map((value) => at.get(value)).join(', ')}][${INDEX} + 1]]`
}

/** A file's partition value; the protocol reads the empty text as null, whatever the type. */
export function partitionValueOf(file: AddFile, name: string): string | null {
  const value = file.partitionValues[name]
  return value === undefined || value === '' ? null : value
}

/** Where the engine finds a file of the log. */
function fileLocation(root: string, path: string): string {
  return path.startsWith('/') || /^[a-z][a-z0-9+.-]*:/i.test(path) ? path : `${root}/${path}`
}

/**
 * Reads Parquet files by the given columns, without opening one to learn its schema.
 * @param rows how many there are; 0 = not known. The engine puts joins in order by it.
 */
function parquetReader(locations: string[], columns: ColumnType[], rows: number): string {
  const schema = columns.map(
    ({ name, type }) =>
      `${textLiteral(name)}: {name: ${textLiteral(name)}, type: ${textLiteral(type)}, default_value: NULL}`,
  )
  return `read_parquet([${locations.map(textLiteral).join(', ')}], schema = MAP {${schema.join(', ')}}, hive_partitioning = false${rows > 0 ? `, explicit_cardinality = ${rows}` : ''})`
}
