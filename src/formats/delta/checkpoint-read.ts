// Reads a checkpoint: the table's whole state at one version as Parquet, one action a row, one column per kind of action.
import { Fault, type Json } from '../../base/index.ts'
import { identifier, textLiteral } from '../../step/index.ts'
import type { Action } from './actions.ts'
import { parseMembers } from './log-entry.ts'
import { corruptLog } from './log-fault.ts'
import type { Checkpoint } from './log-files.ts'
import { parseSqlType } from './sql-type.ts'
import type { TableHandle } from './table.ts'

/** The members we use, by action; a checkpoint may lack some and have others, such as parsed statistics. */
const MEMBERS: Record<string, string[]> = {
  protocol: ['minReaderVersion', 'minWriterVersion', 'readerFeatures', 'writerFeatures'],
  metaData: ['id', 'name', 'description', 'schemaString', 'partitionColumns', 'configuration', 'createdTime'],
  txn: ['appId', 'version', 'lastUpdated'],
  add: ['path', 'partitionValues', 'size', 'modificationTime', 'dataChange', 'stats', 'tags', 'deletionVector'],
  remove: [
    'path',
    'deletionTimestamp',
    'dataChange',
    'extendedFileMetadata',
    'partitionValues',
    'size',
    'deletionVector',
  ],
}

/** @throws Fault invalid CorruptLog */
export async function readCheckpoint({ store, session }: TableHandle, { parts }: Checkpoint): Promise<Action[]> {
  const place = { table: store.root, file: parts.join(', ') }
  const files = parts.map((part) => textLiteral(`${store.root}/${part}`)).join(', ')
  const source = `read_parquet([${files}], hive_partitioning = false)`
  try {
    const columns = await session.describe(`SELECT * FROM ${source}`)
    const picked = columns.flatMap(({ name, type }) => actionExpression(name, type))
    if (picked.length === 0) throw corruptLog(place, 'it has no column of a known action')
    const rows = await session.rows(`SELECT ${picked.join(', ')} FROM ${source}`)
    return rows.flatMap((row) => parseMembers(mapValues(row), place))
  } catch (thrown) {
    if (thrown instanceof Fault && (thrown.code === 'CorruptLog' || !isAboutTheFile(thrown))) throw thrown
    throw corruptLog(place, thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
}

/** False for what would go wrong with a sound file too: that says nothing of this one. */
function isAboutTheFile({ kind, code }: Fault): boolean {
  return kind !== 'denied' && kind !== 'defect' && !['Interrupted', 'OutOfMemory', 'DiskFull'].includes(code)
}

/** The column as JSON text of the members that we know; nothing for a column of another kind. */
function actionExpression(name: string, typeText: string): string[] {
  const type = parseSqlType(typeText)
  const wanted = MEMBERS[name]
  if (type.kind !== 'struct') return []
  const column = identifier(name)
  // the V2 form keeps most actions in other files, which sidecars name
  if (wanted === undefined) return name === 'sidecar' ? [otherAction(column)] : []
  const members = type.fields.filter((field) => wanted.includes(field.name)).map((field) => identifier(field.name))
  const picked = members.map((member) => `${member} := ${column}.${member}`).join(', ')
  return [`CASE WHEN ${column} IS NULL THEN NULL ELSE to_json(struct_pack(${picked})) END AS ${column}`]
}

const otherAction = (column: string): string => `CASE WHEN ${column} IS NULL THEN NULL ELSE '{}' END AS ${column}`

function mapValues(row: Record<string, Json>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'string' ? JSON.parse(value) : null]),
  )
}
