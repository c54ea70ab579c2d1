// A target as written → a target of the plan, with the rules of the write modes (CMP-15, DEF-9, TGT-2).
import type { Path, TableTargetSpec, TargetSpec } from '../manifest/index.ts'
import {
  CAPABILITIES,
  type FileTarget,
  type ScalarValue,
  SUPPORTED,
  type TableTarget,
  type TargetPlan,
  type WriteMode,
} from '../plan/index.ts'
import { checkColumns, listedTwice } from './columns.ts'
import { hasWildcard } from './path-text.ts'
import { checkOptionBlocks, fileLocation } from './source.ts'
import { named, type StepScope } from './step-scope.ts'
import { compileUpsert } from './upsert.ts'

/** undefined: a problem has been reported. */
export function compileTarget(spec: TargetSpec | undefined, scope: StepScope): TargetPlan | undefined {
  const path: Path = [...scope.path, 'target']
  if (spec?.table !== undefined) return tableTarget(spec.table, [...path, 'table'], scope)
  if (spec?.file !== undefined) return fileTarget(spec.file, [...path, 'file'], scope)
  if (spec?.temp !== undefined) {
    const { name, scope: kept = 'run', append = false } = spec.temp
    return { kind: 'temp', name, scope: kept, append }
  }
  scope.findings.error('MissingTarget', scope.path, {
    message: `${named(scope)} has no target`,
    hint: 'add target: {table: {ref: …}}, {file: …} or {temp: …}',
  })
  return undefined
}

function tableTarget(spec: TableTargetSpec, path: Path, scope: StepScope): TableTarget | undefined {
  const write = writeMode(spec, path, scope)
  if (write === undefined) return undefined
  const schema = spec.schema ?? 'strict'
  checkSchemaMode({ ...spec, schema }, write, { path, scope })
  return {
    kind: 'table',
    ref: spec.ref,
    write,
    schema,
    dropExtraColumns: spec.dropExtraColumns ?? false,
    failOnEmpty: spec.failOnEmpty ?? false,
  }
}

function checkSchemaMode(
  spec: TableTargetSpec & { schema: TableTarget['schema'] },
  { mode }: WriteMode,
  { path, scope }: { path: Path; scope: StepScope },
): void {
  const can = CAPABILITIES[scope.engine].writes[mode][spec.schema]
  if (can !== SUPPORTED) {
    const [why = '', ...wayOut] = can.unsupported.split('; ')
    scope.findings.error('SchemaModeMismatch', [...path, 'schema'], {
      message: `${mode} can't be had with schema ${spec.schema}: ${why}`,
      hint: wayOut.join('; '),
    })
  }
  if (spec.dropExtraColumns === true && spec.schema !== 'strict')
    scope.findings.error('SchemaModeMismatch', [...path, 'dropExtraColumns'], {
      message: `dropExtraColumns is only for schema strict, but the schema mode is ${spec.schema}`,
      hint: 'remove one of them',
    })
}

function writeMode(spec: TableTargetSpec, path: Path, scope: StepScope): WriteMode | undefined {
  const partitionBy = (columns: string[] | undefined, mode: string) => {
    checkColumns(columns, [...path, mode, 'partitionBy'], scope.findings)
    return columns ?? []
  }
  if (spec.append !== undefined) return { mode: 'append', partitionBy: partitionBy(spec.append.partitionBy, 'append') }
  if (spec.replacePartitions !== undefined)
    return replacePartitions(spec.replacePartitions.by, [...path, 'replacePartitions'], scope)
  if (spec.replacePartition !== undefined)
    return replacePartition(spec.replacePartition.values, [...path, 'replacePartition'], scope)
  if (spec.replaceWhere !== undefined) {
    const predicate = scope.placeholders.sql(spec.replaceWhere.predicate, [...path, 'replaceWhere', 'predicate'])
    return { mode: 'replaceWhere', predicate, partitionBy: partitionBy(spec.replaceWhere.partitionBy, 'replaceWhere') }
  }
  if (spec.upsert !== undefined) return compileUpsert(spec.upsert, [...path, 'upsert'], scope.findings)
  return { mode: 'replace', partitionBy: partitionBy(spec.replace?.partitionBy, 'replace') }
}

function replacePartitions(by: string[] | undefined, path: Path, { findings }: StepScope): WriteMode | undefined {
  if (by === undefined || by.length === 0) {
    findings.error('MissingPartitionColumns', path, {
      message: 'replacePartitions names no column',
      hint: 'add by: [COLUMN]',
    })
    return undefined
  }
  checkColumns(by, [...path, 'by'], findings)
  return { mode: 'replacePartitions', by }
}

function replacePartition(
  given: Record<string, unknown> | undefined,
  path: Path,
  scope: StepScope,
): WriteMode | undefined {
  const entries = Object.entries(given ?? {})
  if (entries.length === 0) {
    scope.findings.error('MissingPartitionColumns', path, {
      message: 'replacePartition names no column',
      hint: 'add values: {COLUMN: VALUE}',
    })
    return undefined
  }
  const values: { column: string; value: ScalarValue }[] = []
  for (const [i, [column, written]] of entries.entries()) {
    const at = [...path, 'values', column]
    const other = entries.slice(0, i).find(([earlier]) => earlier.toLowerCase() === column.toLowerCase())
    if (other !== undefined) scope.findings.error('DuplicateColumn', at, listedTwice(column, other[0]))
    const value = partitionValue(written, at, scope)
    if (value !== undefined) values.push({ column, value })
  }
  values.sort((a, b) => (a.column < b.column ? -1 : 1)) // as the API server hands mappings on
  return values.length === entries.length ? { mode: 'replacePartition', values } : undefined
}

function partitionValue(written: unknown, path: Path, scope: StepScope): ScalarValue | undefined {
  const read = scope.placeholders.value(written, path)
  if ('value' in read) {
    if (read.value?.type !== 'list') return read.value
    scope.findings.error('InvalidPartitionValue', path, {
      message: 'a partition has one value, but the param is a list',
      hint: 'use replacePartitions, which takes the values from the rows',
    })
    return undefined
  }
  const value = read.literal
  if (typeof value === 'string') return { type: 'string', value }
  if (typeof value === 'boolean') return { type: 'boolean', value }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { type: 'integer', value: String(value) } : { type: 'number', value }
  scope.findings.error('InvalidPartitionValue', path, {
    message: 'null names no partition that can be replaced',
    hint: 'give a value, or use replaceWhere with IS NULL',
  })
  return undefined
}

function fileTarget(spec: NonNullable<TargetSpec['file']>, path: Path, scope: StepScope): FileTarget | undefined {
  checkOptionBlocks(spec, path, scope)
  const location = fileLocation(spec, path, scope)
  if (location === undefined) return undefined
  if ('path' in location && (hasWildcard(location.path) || location.path.endsWith('/'))) {
    scope.findings.error('InvalidPlace', [...path, 'path'], {
      message: `"${location.path}" is no name of a file that could be written`,
      hint: 'name one file: no wildcards, and no slash at the end',
    })
    return undefined
  }
  const file = { kind: 'file', location } as const
  switch (spec.format) {
    case 'csv': {
      const { separator = ',', header = true, nullValue = '' } = spec.csv ?? {}
      return { ...file, format: 'csv', options: { separator, header, nullValue } }
    }
    case 'json':
      return { ...file, format: 'json', options: {} }
    case 'parquet':
      return { ...file, format: 'parquet', options: { compression: spec.parquet?.compression ?? 'zstd' } }
    case 'xlsx':
      return { ...file, format: 'xlsx', options: { header: spec.xlsx?.header ?? true } }
    default:
      return spec.format satisfies never
  }
}
