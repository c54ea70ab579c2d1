// The faults of reading a log: each names the table, the file and, in a file of lines, the line.
import { Fault } from '../../base/index.ts'

export interface LogPlace {
  /** The table's root. */
  table: string
  /** Path below it. */
  file: string
  /** 1-based. */
  line?: number
}

/** A log that is not what the protocol says. Nothing here mends it: that would be guessing what the data are. */
export function corruptLog({ table, file, line }: LogPlace, why: string, cause?: unknown): Fault {
  return new Fault({
    kind: 'invalid',
    code: 'CorruptLog',
    message:
      `cannot read table "${table}": its log is corrupt at ${file}${line === undefined ? '' : `, line ${line}`}: ${why}; ` +
      'restore that file from a copy, or rebuild the table',
    ...(cause === undefined ? {} : { cause }),
  })
}
