// Reads csv, newline-delimited json, parquet and xlsx files. csv and parquet stream: the SELECT reads as it is run.
// Nothing of a file is skipped silently: a line that does not fit is an error that names file and line.
import { Fault, isObjectUri } from '../base/index.ts'
import type { FileSource } from '../plan/index.ts'
import { filePath, type SourceAdapter, type SqlSession, type StepContext, textLiteral } from '../step/index.ts'
import { csvSelect } from './file-csv.ts'
import { checkPresent, type FoundFiles } from './file-found.ts'
import { fixedFolder, isGlob } from './file-glob.ts'

export const fileSource: SourceAdapter<FileSource> = {
  duckdb: {
    folders(source, { storage }) {
      const path = filePath(source.location, storage)
      return isGlob(path) ? [fixedFolder(path)] : []
    },
    files(source, { storage }) {
      const path = filePath(source.location, storage)
      return isGlob(path) ? [] : [path]
    },
    extensions: ({ format }) => (format === 'xlsx' ? ['excel'] : []),
    open,
  },
}

/** @throws Fault missing FileNotFound; invalid EmptyFile, BrokenFile, BrokenCsvLine */
async function open(source: FileSource, session: SqlSession, context: StepContext): Promise<string> {
  try {
    const found = await checkPresent(source, session, context)
    return await selectOf(source, found, session)
  } catch (thrown) {
    throw thrown instanceof Fault ? placed(thrown, source) : thrown
  }
}

async function selectOf(source: FileSource, found: FoundFiles, session: SqlSession): Promise<string> {
  // the engine takes the names in an object store as they are
  const path = isObjectUri(found.path) ? `[${found.files.map(textLiteral).join(', ')}]` : textLiteral(found.path)
  const several = found.several ? ['union_by_name = true'] : ['hive_partitioning = false']
  switch (source.format) {
    case 'csv':
      return await csvSelect(source.options, found, session)
    case 'json': {
      const sample = `sample_size = ${source.options.inferSchemaLength ?? -1}`
      return `SELECT * FROM read_json(${[path, "format = 'newline_delimited'", 'records = true', sample, ...several].join(', ')})`
    }
    case 'parquet':
      return `SELECT * FROM read_parquet(${[path, ...several].join(', ')})`
    case 'xlsx': {
      const sheet = source.options.sheet === null ? [] : [`sheet = ${textLiteral(source.options.sheet)}`]
      return `SELECT * FROM read_xlsx(${[path, `header = ${source.options.header}`, ...sheet].join(', ')})`
    }
    default:
      return source satisfies never
  }
}

function placed(fault: Fault, source: FileSource): Fault {
  const field = `sources.${source.alias}.file.${'path' in source.location ? 'path' : 'alias'}`
  return new Fault({ kind: fault.kind, code: fault.code, message: fault.message, at: { field }, cause: fault })
}
