// csv. Types are found once, from samples; then the files are read with everything said that the engine would otherwise
// guess anew each time it looks at them: no line is taken for a header or a comment, none is skipped or padded.
import { didYouMean, Fault, type Json } from '../base/index.ts'
import type { CsvReadOptions } from '../plan/index.ts'
import { type ColumnType, type SqlSession, textLiteral } from '../step/index.ts'
import { firstLines } from './file-first-lines.ts'
import type { FoundFiles } from './file-found.ts'

/** Files that are read in the same way: they have the same header line. */
interface Alike {
  files: string[]
  columns: ColumnType[]
  /** `dateformat = …` and the like, where they were found. */
  formats: string[]
}

/** So many files with one header line are looked into for their types, spread over all. */
const SAMPLED_FILES = 3

/** @throws Fault invalid BrokenCsvLine, CsvNotUnderstood, UnknownColumn (in `types`) */
export async function csvSelect(options: CsvReadOptions, found: FoundFiles, session: SqlSession): Promise<string> {
  const groups: Alike[] = []
  for (const files of await sameHeader(found, options)) groups.push(await sniffed(options, files, session))
  const types = typesOf(groups, options.types)
  const selects = groups.map(({ files, columns, formats }) => {
    const typed = columns.map(({ name }) => `${textLiteral(name)}: ${textLiteral(types.get(name) ?? 'VARCHAR')}`)
    return readCsv(files, [...dialect(options), `columns = {${typed.join(', ')}}`, ...formats])
  })
  return selects.join(' UNION ALL BY NAME ')
}

function readCsv(files: string[], given: string[]): string {
  return `SELECT * FROM read_csv([${files.map(textLiteral).join(', ')}], auto_detect = false, ${given.join(', ')})`
}

function dialect(options: CsvReadOptions, header = options.header): string[] {
  return [
    `delim = ${textLiteral(options.separator)}`,
    `quote = '"'`,
    `escape = '"'`,
    `comment = ''`,
    `skip = ${options.skipRows}`,
    `header = ${header}`,
    `encoding = ${textLiteral(options.encoding)}`,
    `nullstr = [${['', ...options.nullValues].map(textLiteral).join(', ')}]`,
    'strict_mode = true',
    'null_padding = false',
    'ignore_errors = false',
  ]
}

async function sameHeader({ files, readBytes }: FoundFiles, options: CsvReadOptions): Promise<string[][]> {
  if (files.length === 1 || !options.header) return [files]
  const byHeader = new Map<string, string[]>()
  for (const file of files) {
    const header = await firstLines(file, options.skipRows + 1, readBytes)
    byHeader.set(header, [...(byHeader.get(header) ?? []), file])
  }
  return [...byHeader.values()]
}

/** Finds columns and types of files with one header; `inferSchemaLength` rows of the sampled files are looked at. */
async function sniffed(options: CsvReadOptions, files: string[], session: SqlSession): Promise<Alike> {
  const all = options.inferSchemaLength === null
  const step = Math.max(1, (files.length - 1) / (SAMPLED_FILES - 1))
  const samples = all ? files : files.filter((_, i) => i % Math.ceil(step) === 0 || i === files.length - 1)
  const rows = all ? -1 : Math.ceil((options.inferSchemaLength ?? 0) / samples.length)
  const given = [...dialect(options), `sample_size = ${rows}`].join(', ')
  const selects = samples.map(
    (file) =>
      `SELECT "Columns" AS columns, "DateFormat" AS date, "TimestampFormat" AS timestamp FROM sniff_csv(${textLiteral(file)}, ${given})`,
  )
  const found = await session.rows(selects.join(' UNION ALL ')).catch(async (thrown: unknown) => {
    if (thrown instanceof Fault && thrown.code === 'CsvNotUnderstood')
      for (const file of samples) await readAsText(options, file, session)
    throw thrown
  })
  const columnsOf = found.map((row) => columnTypes(row['columns'] ?? null))
  const columns = (columnsOf[0] ?? []).map((column, i) =>
    columnsOf.reduce((wider, other) => widerOf(wider, other[i] ?? wider), column),
  )
  const formats = (['date', 'timestamp'] as const).flatMap((kind) => {
    const format = found.map((row) => row[kind]).find((text) => typeof text === 'string')
    return typeof format === 'string' ? [`${kind}format = ${textLiteral(format)}`] : []
  })
  return { files, columns, formats }
}

/** The engine's list of {name, type}. */
function columnTypes(list: Json): ColumnType[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? [{ name: String(item['name']), type: String(item['type']) }]
      : [],
  )
}

const NUMBERS = ['BIGINT', 'DOUBLE']

/** The engine finds few types; of two that differ, numbers go into a DOUBLE, all others into a text. */
function widerOf(a: ColumnType, b: ColumnType): ColumnType {
  if (a.type === b.type) return a
  return { name: a.name, type: NUMBERS.includes(a.type) && NUMBERS.includes(b.type) ? 'DOUBLE' : 'VARCHAR' }
}

function typesOf(groups: Alike[], given: Record<string, string>): Map<string, string> {
  const types = new Map<string, string>()
  for (const column of groups.flatMap(({ columns }) => columns)) {
    const known = types.get(column.name)
    types.set(column.name, known === undefined ? column.type : widerOf({ ...column, type: known }, column).type)
  }
  for (const [column, type] of Object.entries(given)) {
    if (!types.has(column))
      throw new Fault({
        kind: 'invalid',
        code: 'UnknownColumn',
        message: `cannot give column "${column}" the type ${type}: the file has no such column${didYouMean(column, types.keys())}`,
      })
    types.set(column, type)
  }
  return types
}

/** Reads all lines with as many columns as the first one has; the engine then says which line has others. */
async function readAsText(options: CsvReadOptions, file: string, session: SqlSession): Promise<void> {
  const read = async (columns: number, header: boolean) => {
    const names = Array.from({ length: columns }, (_, i) => `'column${i}': 'VARCHAR'`)
    const select = readCsv([file], [...dialect(options, header), `columns = {${names.join(', ')}}`])
    await session.rows(`SELECT count(*) FROM (${select})`)
  }
  const first = await read(1, false).catch((thrown: unknown) => thrown)
  const columns = first instanceof Fault ? Number(/it has (\d+) columns/.exec(first.message)?.[1] ?? 1) : 1
  await read(columns, options.header)
}
