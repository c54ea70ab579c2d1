// A source as written → a source of the plan, with its defaults filled in (SRC-1…11).
import { didYouMean } from '../base/index.ts'
import type { Path, SourceSpec } from '../manifest/index.ts'
import type { CsvReadOptions, FileLocation, FileSource, SourcePlan, TableSource } from '../plan/index.ts'
import { checkColumns } from './columns.ts'
import { convertTimestamp, shown } from './convert.ts'
import { listed } from './findings.ts'
import { knownPlace, tidyPath } from './known-place.ts'
import { rowsSource } from './rows.ts'
import type { StepScope } from './step-scope.ts'

/** Rows looked at to find types when nothing is said. */
const INFER_LENGTH = 20480

/** undefined: a problem has been reported. */
export function compileSource(alias: string, spec: SourceSpec, scope: StepScope): SourcePlan | undefined {
  const path: Path = [...scope.path, 'sources', alias]
  if (spec.table !== undefined) return tableSource(alias, spec.table, [...path, 'table'], scope)
  if (spec.file !== undefined) return fileSource(alias, spec.file, [...path, 'file'], scope)
  if (spec.temp !== undefined) return { kind: 'temp', alias, name: spec.temp.name }
  if (spec.rows !== undefined) return rowsSource(alias, spec.rows, [...path, 'rows'], scope)
  return undefined
}

function tableSource(alias: string, spec: NonNullable<SourceSpec['table']>, path: Path, scope: StepScope): TableSource {
  const where = spec.where === undefined ? [] : [spec.where].flat()
  checkColumns(spec.columns, [...path, 'columns'], scope.findings)
  const at = timeTravel(spec, path, scope)
  return {
    kind: 'table',
    alias,
    ref: spec.ref,
    where: where.map((text, i) =>
      scope.placeholders.sql(text, Array.isArray(spec.where) ? [...path, 'where', i] : [...path, 'where']),
    ),
    columns: spec.columns ?? [],
    ...(at === undefined ? {} : { at }),
  }
}

function timeTravel(
  spec: NonNullable<SourceSpec['table']>,
  path: Path,
  { placeholders, findings }: StepScope,
): TableSource['at'] {
  if (spec.version !== undefined) return { version: spec.version }
  if (spec.timestamp === undefined) return undefined
  const given = placeholders.value(spec.timestamp, [...path, 'timestamp'])
  const text = 'literal' in given ? given.literal : given.value?.value
  if (text === undefined) return undefined // the param has been reported
  const converted = convertTimestamp(text)
  if ('value' in converted && converted.value.type === 'timestamp') return { timestamp: converted.value.value }
  findings.error('InvalidTimestamp', [...path, 'timestamp'], {
    message: `${shown(text)} is no instant`,
    hint: 'write it like 2026-01-31T12:00:00Z, or give $(params.NAME) of type timestamp or date',
  })
  return undefined
}

const OPTION_BLOCKS = ['csv', 'json', 'parquet', 'xlsx'] as const

/** Where a file lies: its path rendered, or the alias checked. Undefined: a problem has been reported. */
export function fileLocation(
  spec: { path?: string | undefined; alias?: string | undefined },
  path: Path,
  scope: StepScope,
): FileLocation | undefined {
  if (spec.alias === undefined) {
    const rendered = scope.placeholders.path(spec.path ?? '', [...path, 'path'])
    if (rendered === undefined) return undefined
    const place = knownPlace(rendered)
    if ('path' in place) return { path: tidyPath(place.path) }
    scope.findings.error(place.code, [...path, 'path'], {
      message: `${JSON.stringify(rendered)}: ${place.why}`,
      hint: place.hint,
    })
    return undefined
  }
  const known = [...new Set((scope.storage.files ?? []).map(({ name }) => name))]
  if (known.includes(spec.alias)) return { file: spec.alias }
  scope.findings.error('UnknownFileAlias', [...path, 'alias'], {
    message: `the storage has no file "${spec.alias}"${didYouMean(spec.alias, known)}`,
    hint:
      known.length === 0
        ? 'add it to spec.files of the storage'
        : `add it to spec.files of the storage; there are ${listed(known)}`,
  })
  return undefined
}

/** Options for another format than the file has would be ignored, so they are refused. */
export function checkOptionBlocks(spec: { format: string }, path: Path, { findings }: StepScope): void {
  for (const block of OPTION_BLOCKS) {
    if (block === spec.format || !Object.hasOwn(spec, block)) continue
    findings.error('OptionsFormatMismatch', [...path, block], {
      message: `${block} options are given, but the format is ${spec.format}`,
      hint: `remove them, or set format: ${block}`,
    })
  }
}

function fileSource(
  alias: string,
  spec: NonNullable<SourceSpec['file']>,
  path: Path,
  scope: StepScope,
): FileSource | undefined {
  checkOptionBlocks(spec, path, scope)
  const location = fileLocation(spec, path, scope)
  if (location === undefined) return undefined
  const file = { kind: 'file', alias, location } as const
  const inferOf = (length: number | null | undefined) => (length === undefined ? INFER_LENGTH : length)
  switch (spec.format) {
    case 'csv':
      return { ...file, format: 'csv', options: csvOptions(spec.csv ?? {}, inferOf(spec.csv?.inferSchemaLength)) }
    case 'json':
      return { ...file, format: 'json', options: { inferSchemaLength: inferOf(spec.json?.inferSchemaLength) } }
    case 'parquet':
      return { ...file, format: 'parquet', options: {} }
    case 'xlsx':
      return {
        ...file,
        format: 'xlsx',
        options: { sheet: spec.xlsx?.sheet ?? null, header: spec.xlsx?.header ?? true },
      }
    default:
      return spec.format satisfies never
  }
}

function csvOptions(
  spec: NonNullable<NonNullable<SourceSpec['file']>['csv']>,
  inferSchemaLength: number | null,
): CsvReadOptions {
  return {
    separator: spec.separator ?? ',',
    header: spec.header ?? true,
    nullValues: spec.nullValues ?? [],
    encoding: spec.encoding ?? 'utf-8',
    inferSchemaLength,
    skipRows: spec.skipRows ?? 0,
    types: spec.types ?? {},
  }
}
