// What the engine says when it fails, as Faults with names. The engine is set to report errors as JSON; the position in
// it counts bytes from the start of the executed text.
import { Fault, type FaultKind, firstLine } from '../../base/index.ts'
import { storeTreatment } from './store-errors.ts'

/** The cause of a Fault that came from the engine: which statement failed and what the engine said, whole. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure'
  readonly statement: string
  /** 0-based UTF-16 offset into the statement; beyond its end when the position belongs to a view's text. */
  readonly offset: number | undefined

  constructor(message: string, statement: string, offset: number | undefined) {
    super(message)
    this.statement = statement
    this.offset = offset
  }
}

interface EngineError {
  exception_type?: string
  exception_message?: string
  error_subtype?: string
  position?: string
  candidates?: string
  name?: string
  type?: string
  errno?: string
  status_code?: string
}

interface Treatment {
  kind: FaultKind
  code: string
  message: string
}

/** @param prefix what was put before the caller's text in the statement; offsets count from after it */
export function engineFault(thrown: unknown, statement: string, prefix = ''): Fault {
  if (thrown instanceof Fault) return thrown
  const raw = thrown instanceof Error ? thrown.message : String(thrown)
  const error = parseError(raw)
  const offset = error.position === undefined ? undefined : utf16Offset(statement, Number(error.position))
  const own = offset === undefined || offset < prefix.length ? undefined : offset - prefix.length
  const inText = own !== undefined && prefix.length + own <= statement.length
  return new Fault({
    ...treatmentOf(error),
    ...(inText ? { at: { field: 'sql', offset: own } } : {}),
    cause: new SqlFailure(error.exception_message ?? raw, statement.slice(prefix.length), own),
  })
}

function parseError(raw: string): EngineError {
  const start = raw.indexOf('{"')
  if (start >= 0) {
    try {
      return JSON.parse(raw.slice(start)) as EngineError
    } catch {
      // not JSON after all: the text itself is the message
    }
  }
  return { exception_message: raw }
}

/** Positions count bytes; those past the end (of another text) are kept as they are. */
export function utf16Offset(text: string, bytes: number): number {
  const buffer = Buffer.from(text)
  return bytes > buffer.length ? bytes - buffer.length + text.length : buffer.subarray(0, bytes).toString().length
}

function treatmentOf(error: EngineError): Treatment {
  const text = error.exception_message ?? 'the engine gave no reason'
  const special = csvTreatment(text) ?? fileTreatment(error, text)
  if (special !== undefined) return special
  switch (error.exception_type) {
    case 'Parser':
      return { kind: 'invalid', code: 'SqlSyntax', message: `cannot parse the SQL: ${oneLine(text)}` }
    case 'Binder':
    case 'Catalog':
      return bindTreatment(error, text)
    case 'Conversion':
      return { kind: 'invalid', code: 'ConversionError', message: `cannot convert a value: ${oneLine(text)}` }
    case 'Out of Range':
      return { kind: 'invalid', code: 'OutOfRange', message: `cannot compute a value: ${oneLine(text)}` }
    case 'Constraint':
      return { kind: 'invalid', code: 'ConstraintViolated', message: `cannot store a row: ${oneLine(text)}` }
    case 'Out of Memory':
      return {
        kind: 'transient',
        code: 'OutOfMemory',
        message: `cannot run the query: out of memory, ${oneLine(text)}; give the step more memory, or make it sort, group or join less at once`,
      }
    case 'INTERRUPT':
    case 'Interrupt':
      return { kind: 'transient', code: 'Interrupted', message: 'cannot finish the query: it was interrupted' }
    case 'INTERNAL':
    case 'FATAL':
      return { kind: 'defect', code: 'EngineDefect', message: `cannot run the query: engine error: ${oneLine(text)}` }
    default:
      return { kind: 'invalid', code: 'SqlError', message: `cannot run the query: ${oneLine(text)}` }
  }
}

function bindTreatment(error: EngineError, text: string): Treatment {
  const name = error.name ?? ''
  const near = error.candidates?.split(',').slice(0, 5).join(', ')
  const hint = near === undefined || near === '' ? '' : `; did you mean ${near}?`
  const extension = /exists in the (\w+) extension/.exec(text)?.[1]
  if (extension !== undefined) return missingExtension(extension)
  if (error.error_subtype === 'COLUMN_NOT_FOUND')
    return { kind: 'invalid', code: 'UnknownColumn', message: `cannot find column "${name}": no source has it${hint}` }
  if (error.error_subtype === 'MISSING_ENTRY') {
    const what = (error.type ?? 'object').toLowerCase()
    const code = what === 'table' ? 'UnknownTable' : what.includes('function') ? 'UnknownFunction' : 'UnknownName'
    const way = what === 'table' ? `${hint === '' ? ';' : `${hint};`} a step sees its sources only` : hint
    return { kind: 'invalid', code, message: `cannot find ${what} "${name}": there is none of that name${way}` }
  }
  if (error.error_subtype === 'NO_MATCHING_FUNCTION')
    return { kind: 'invalid', code: 'NoMatchingFunction', message: `cannot call ${name}: ${oneLine(text)}` }
  const code = text.startsWith('Ambiguous reference') ? 'AmbiguousColumn' : 'SqlError'
  return { kind: 'invalid', code, message: `cannot run the query: ${oneLine(text)}` }
}

/** A read or write of a file that went wrong. */
function fileTreatment(error: EngineError, text: string): Treatment | undefined {
  const path = /["']([^"']+)["']/.exec(text)?.[1] ?? ''
  if (error.errno === '28' || text.includes('No space left on device') || text.includes('max_temp_directory_size'))
    return {
      kind: 'transient',
      code: 'DiskFull',
      message: `cannot write file "${path}": the disk is full; free some space`,
    }
  if (error.exception_type === 'Permission')
    return {
      kind: 'denied',
      code: 'OutsideStep',
      message: `cannot reach "${path}": a step reads and writes only what its sources and target declare; declare it as a source`,
    }
  if (error.exception_type !== 'IO' && error.exception_type !== 'HTTP') return parquetOrJson(error, text, path)
  const store = storeTreatment(error, text)
  if (store !== undefined) return store
  if (error.errno === '2' || text.startsWith('No files found'))
    return {
      kind: 'missing',
      code: 'FileMissing',
      message: `cannot read file "${path}": there is none; check the path`,
    }
  if (error.errno === '13' || error.errno === '1')
    return { kind: 'denied', code: 'FileDenied', message: `cannot reach file "${path}": permission denied` }
  if (text.startsWith('Failed to open zip'))
    return { kind: 'invalid', code: 'BrokenFile', message: 'cannot read a file: it is no Excel (xlsx) file' }
  return { kind: 'transient', code: 'IoFailed', message: `cannot read or write a file: ${oneLine(text)}` }
}

function parquetOrJson(error: EngineError, text: string, path: string): Treatment | undefined {
  const broken = (why: string): Treatment => ({
    kind: 'invalid',
    code: 'BrokenFile',
    message: path === '' ? `cannot read a file: ${why}` : `cannot read file "${path}": ${why}`,
  })
  if (text.includes('expected records'))
    return {
      kind: 'invalid',
      code: 'BrokenFile',
      message: 'cannot read a json file: its lines are no objects; write one object {…} on each line',
    }
  if (error.exception_type !== 'Invalid Input') return undefined
  const why = oneLine(text)
    .replace(` in file "${path}"`, '')
    .replace(`File '${path}'`, 'it is')
    .replace(` '${path}'`, '')
  if (text.startsWith('Malformed JSON') || text.includes('JSON transform error')) return broken(why)
  return /Parquet|magic bytes/i.test(text) && path !== '' ? broken(why) : undefined
}

/** `CSV Error on Line: 3 / Original Line: … / reason`, then advice in the engine's own words. */
function csvTreatment(text: string): Treatment | undefined {
  const lines = text.split('\n')
  const unread = /^Error when sniffing file "([^"]+)"/.exec(text)?.[1]
  if (unread !== undefined || text.startsWith('The CSV Parser state machine'))
    return {
      kind: 'invalid',
      code: 'CsvNotUnderstood',
      message: `cannot read file "${unread ?? fileOf(lines)}" as csv: its lines do not end in one way, or its quotes do not pair; correct the file, or its csv options`,
    }
  const number = /^CSV Error on Line: (\d+)/.exec(text)?.[1]
  if (number === undefined) return undefined
  const original =
    lines
      .find((line) => line.startsWith('Original Line:'))
      ?.slice('Original Line:'.length)
      .trim() ?? ''
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text)
  const reason = counts
    ? `it has ${counts[2]} columns, where ${counts[1]} ${counts[1] === '1' ? 'is' : 'are'} expected`
    : (csvReason(lines) ?? 'it is not what the options say')
  const shown = original.length > 80 ? `${original.slice(0, 80)}…` : original
  return {
    kind: 'invalid',
    code: 'BrokenCsvLine',
    message: `cannot read line ${number} of file "${fileOf(lines)}": ${oneLine(reason)} (the line: ${shown}); ${reason.startsWith('Error when converting') ? 'correct the file, or give the column its type with csv.types' : 'correct the file, or its csv options'}`,
  }
}

/** The first line of the engine's report that says what is wrong. */
function csvReason(lines: string[]): string | undefined {
  return lines
    .slice(1)
    .find((line) => /error|invalid|unterminated|not |exceeds/i.test(line) && !line.startsWith('Original Line:'))
}

function fileOf(lines: string[]): string {
  return lines.find((line) => line.startsWith('  file = '))?.slice('  file = '.length) ?? ''
}

export function missingExtension(name: string): Treatment {
  return {
    kind: 'missing',
    code: 'ExtensionMissing',
    message: `cannot use the engine's ${name} extension: it is not installed; install it with: loom extensions install ${name}`,
  }
}

/** The reason without the engine's advice that follows it, on one line. */
function oneLine(text: string): string {
  return firstLine(text.trim()).replace(/[.\s]+$/, '')
}
