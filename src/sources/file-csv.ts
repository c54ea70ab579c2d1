// csv: what the options mean to the engine, and which line is wrong when it can't make sense of a file.
import { Fault } from '../base/index.ts'
import type { CsvReadOptions } from '../plan/index.ts'
import { type SqlSession, textLiteral } from '../step/index.ts'
import type { FoundFiles } from './file-found.ts'

/** Everything that the engine would guess but the types is said, so that no line is taken for a header or a comment. */
export function csvArguments(options: CsvReadOptions): string[] {
  const types = Object.entries(options.types).map(([column, type]) => `${textLiteral(column)}: ${textLiteral(type)}`)
  return [
    ...dialect(options),
    `header = ${options.header}`,
    `sample_size = ${options.inferSchemaLength ?? -1}`,
    ...(types.length === 0 ? [] : [`types = {${types.join(', ')}}`]),
  ]
}

function dialect(options: CsvReadOptions): string[] {
  return [
    `delim = ${textLiteral(options.separator)}`,
    `quote = '"'`,
    `escape = '"'`,
    `comment = ''`,
    `skip = ${options.skipRows}`,
    `encoding = ${textLiteral(options.encoding)}`,
    `nullstr = [${['', ...options.nullValues].map(textLiteral).join(', ')}]`,
    'strict_mode = true',
    'null_padding = false',
    'ignore_errors = false',
  ]
}

/**
 * Binds the SELECT, and when the engine finds no columns in a file looks for the line that does not fit.
 * @throws Fault invalid BrokenCsvLine, BrokenFile, UnknownColumn (of `types`)
 */
export async function checkCsv(
  options: CsvReadOptions,
  found: FoundFiles,
  { session, select }: { session: SqlSession; select: string },
): Promise<void> {
  try {
    await session.describe(select)
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'CsvNotUnderstood') throw thrown
    for (const file of found.files) await readAsText(options, file, session)
    throw thrown
  }
}

/** Reads all lines with as many columns as the first one has; the engine then says which line has others. */
async function readAsText(options: CsvReadOptions, file: string, session: SqlSession): Promise<void> {
  const read = (columns: number, header: boolean) => {
    const names = Array.from({ length: columns }, (_, i) => `'column${i}': 'VARCHAR'`)
    const given = [...dialect(options), `header = ${header}`, 'auto_detect = false', `columns = {${names.join(', ')}}`]
    return session.rows(`SELECT count(*) FROM read_csv(${[textLiteral(file), ...given].join(', ')})`)
  }
  const first = await read(1, false).catch((thrown: unknown) => thrown)
  const columns = first instanceof Fault ? Number(/has (\d+) columns/.exec(first.message)?.[1] ?? 1) : 1
  await read(columns, options.header)
}
