// From a step's result and the table as it is: what the write's rows look like, and what becomes of the table's schema.
import { Fault } from '../../base/index.ts'
import {
  assertPartitionColumns,
  type DeltaSchema,
  discardFiles,
  type Metadata,
  newTable,
  type Protocol,
  requiredProtocol,
  type Snapshot,
  type TableHandle,
  type WrittenFiles,
  writeFiles,
} from '../../formats/index.ts'
import { CAPABILITIES, SUPPORTED, type TableTarget, type WriteMode } from '../../plan/index.ts'
import type { ColumnType, SqlSession, StepContext } from '../../step/index.ts'
import { type Alignment, align } from './align.ts'
import { tableLocation } from './location.ts'
import type { TableWrite } from './mode.ts'
import { refuseNulls } from './not-null.ts'
import { ResultRows, type StoredRows } from './result.ts'
import { refuseUntyped } from './untyped.ts'

export interface Preparation {
  query: string
  columns: ColumnType[]
  target: TableTarget
  handle: TableHandle
  session: SqlSession
  context: StepContext
  kept: StoredRows
}

export interface Prepared {
  write: TableWrite
  /** New ones, where the write makes the table or changes its schema. */
  metadata?: Metadata
  protocol?: Protocol
}

/** @throws Fault invalid ExtraColumns, UntypedColumn, PartitioningDiffers, SchemaOverwriteNeedsReplace and others */
export async function prepare(from: Preparation, base: Snapshot | undefined): Promise<Prepared> {
  const { query, target, handle, session, context } = from
  if (base !== undefined) refuseUnsupported(target)
  const alignment = align({
    ref: target.ref,
    result: from.columns,
    table: base?.metadata.schema,
    mode: target.schema,
    dropExtraColumns: target.dropExtraColumns,
  })
  await refuseUntyped(from, alignment, target.schema === 'overwrite' ? undefined : base?.metadata.schema)
  const change = tableChange(from, alignment, base)
  const { schema } = alignment
  const { partitionColumns, configuration } = change.metadata ??
    base?.metadata ?? { partitionColumns: [], configuration: {} }
  const { targetFileSize } = tableLocation(target.ref, context)
  const write: TableWrite = {
    ref: target.ref,
    handle,
    session,
    base,
    files: base?.files ?? [],
    schema,
    partitionColumns,
    result: new ResultRows(query, alignment, from),
    async writeFiles(rows): Promise<WrittenFiles> {
      const { now, newId } = context
      const request = { query: rows, schema, partitionColumns, configuration, targetFileSize, now, newId }
      const written = await writeFiles(handle, request)
      await refuseNulls(write, written.files)
      return written
    },
    discard: (files) => discardFiles(handle, files),
  }
  return { write, ...change }
}

function tableChange(
  { target, context }: Preparation,
  { schema, schemaChanged }: Alignment,
  base: Snapshot | undefined,
): { metadata?: Metadata; protocol?: Protocol } {
  const partitionColumns = partitioning(target, schema, base)
  if (base === undefined) {
    const { properties } = tableLocation(target.ref, context)
    return newTable({ id: context.newId(), schema, partitionColumns, properties, now: context.now() })
  }
  const same = partitionColumns.join('\n') === base.metadata.partitionColumns.join('\n')
  if (!schemaChanged && same) return {}
  assertPartitionColumns(schema, partitionColumns)
  const metadata = { ...base.metadata, schema, partitionColumns }
  const protocol = requiredProtocol(metadata, base.protocol)
  return JSON.stringify(protocol) === JSON.stringify(base.protocol) ? { metadata } : { metadata, protocol }
}

/** The partition columns that the table has after the write. */
function partitioning(target: TableTarget, schema: DeltaSchema, base: Snapshot | undefined): string[] {
  const wanted = wantedPartitioning(target.write).map(
    (name) => schema.fields.find((field) => field.name.toLowerCase() === name.toLowerCase())?.name ?? name,
  )
  if (base === undefined) return wanted
  const { partitionColumns } = base.metadata
  if (target.schema === 'overwrite') {
    const left = partitionColumns.filter((name) => schema.fields.some((field) => field.name === name))
    return wanted.length > 0 ? wanted : left
  }
  const asked = 'partitionBy' in target.write ? wanted : []
  if (asked.length === 0 || sameNames(asked, partitionColumns)) return partitionColumns
  const is = partitionColumns.length === 0 ? 'not partitioned' : `partitioned by ${partitionColumns.join(', ')}`
  throw new Fault({
    kind: 'invalid',
    code: 'PartitioningDiffers',
    message: `cannot write table "${target.ref}" partitioned by ${asked.join(', ')}: it is ${is}; say the same, or replace the table with "replace" and "schema: overwrite"`,
    at: { field: `target.table.${target.write.mode}.partitionBy` },
  })
}

function wantedPartitioning(write: WriteMode): string[] {
  switch (write.mode) {
    case 'append':
    case 'replace':
    case 'replaceWhere':
    case 'upsert':
      return write.partitionBy
    case 'replacePartitions':
      return write.by
    case 'replacePartition':
      return write.values.map(({ column }) => column)
    default:
      return write satisfies never
  }
}

const sameNames = (a: string[], b: string[]): boolean => [...a].sort().join('\n') === [...b].sort().join('\n')

function refuseUnsupported({ ref, schema, write }: TableTarget): void {
  const capability = CAPABILITIES.duckdb.writes[write.mode][schema]
  if (capability === SUPPORTED) return
  throw new Fault({
    kind: 'invalid',
    code: 'SchemaOverwriteNeedsReplace',
    message: `cannot write table "${ref}" by ${write.mode} with "schema: ${schema}": ${capability.unsupported}`,
    at: { field: 'target.table.schema' },
  })
}
