// Files are read while the step's query runs, so what is wrong deep inside one turns up then. It lies in the file all the
// same: the fault is placed at the source that reads it.
import { Fault } from '../base/index.ts'
import type { FileSource, SourcePlan } from '../plan/index.ts'
import { filePath, type StepContext } from '../step/index.ts'
import { fixedFolder, isGlob } from './file-glob.ts'

const IN_A_FILE = ['BrokenCsvLine', 'BrokenFile']

/** Faults that are about no file, have a place, or could be of several sources are left. */
export function placedAtSource(fault: Fault, sources: readonly SourcePlan[], { storage }: StepContext): Fault {
  if (!IN_A_FILE.includes(fault.code) || (fault.at !== undefined && fault.at.field !== 'sql')) return fault
  const file = /\bfile "([^"]+)"/.exec(fault.message)?.[1]
  const [only, other] = sources.flatMap((source) =>
    source.kind === 'file' && file !== undefined && reads(source, file, storage) ? [source] : [],
  )
  if (only === undefined || other !== undefined) return fault
  const { kind, code, message } = fault
  const field = `sources.${only.alias}.file.${'path' in only.location ? 'path' : 'alias'}`
  return new Fault({ kind, code, message, at: { field }, cause: fault })
}

function reads({ location }: FileSource, file: string, storage: StepContext['storage']): boolean {
  const path = filePath(location, storage)
  return isGlob(path) ? file.startsWith(`${fixedFolder(path)}/`) : file === path
}
