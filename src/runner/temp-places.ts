// Where the temps of a run lie, whatever keeps them (semantics §7):
//
//   <root>/runs/<runId>/<name>/…            scope run
//   <root>/correlations/<id>/<name>/…       scope correlation
//
// T4 Names and ids are checked before they become paths (TMP-2).
import { Fault, isId, isName, placeBelow } from '../base/index.ts'
import type { TempTarget } from '../plan/index.ts'
import type { TempStore } from '../step/index.ts'

/** The temps of one run, that can also be cleaned up; what was removed already may be removed again. */
export interface RunTemps extends TempStore {
  cleanRun(): Promise<void>
  cleanCorrelation(): Promise<void>
}

/** Deletes a folder and all below it, if it is there; replaceable (`cleaner`). Places in an object store are URIs. */
export interface Cleaner {
  deleteTree(path: string): Promise<void>
}

/** @throws Fault invalid InvalidId */
export function runFolder(root: string, runId: string): string {
  return placeBelow(root, 'runs', lawful(runId, 'run id'))
}

/** @throws Fault invalid InvalidId */
export function correlationFolder(root: string, id: string): string {
  return placeBelow(root, 'correlations', lawful(id, 'correlation id'))
}

function lawful(id: string, what: string): string {
  if (isId(id)) return id
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidId',
    message: `cannot use ${what} "${id}": it becomes a folder's name; use letters, digits, dot, - and _`,
  })
}

export interface StepOfRun {
  process: string
  step: string
}

export interface TempWriter extends StepOfRun {
  attempt: number
}

/** The entry of a temp that is written as a whole. */
export const WHOLE = 'whole.json'

export const entryOf = ({ append }: TempTarget, { process, step }: StepOfRun): string =>
  append ? `${process}.${step}.json` : WHOLE

/** Entries of the other form, which a publication ends. */
export const otherForms = (entries: readonly string[], entry: string): string[] =>
  entries.filter((other) => (entry === WHOLE) !== (other === WHOLE))

export interface ScopeFolders {
  run: string
  correlation: string | undefined
}

/** @throws Fault invalid InvalidId */
export function scopeFolders(input: { root: string; runId: string; correlationId: string | null }): ScopeFolders {
  const { root, runId, correlationId } = input
  return {
    run: runFolder(root, runId),
    correlation: correlationId === null ? undefined : correlationFolder(root, correlationId),
  }
}

/** In the order in which a temp is looked for (TMP-9). */
export const foldersOf = ({ run, correlation }: ScopeFolders): string[] => [
  run,
  ...(correlation === undefined ? [] : [correlation]),
]

/** @param id unique: a retry writes beside what an earlier attempt left */
export const partName = ({ process, step, attempt }: TempWriter, id: string): string =>
  `${process}.${step}.${attempt}.${id}.parquet`

/** @throws Fault invalid CorrelationIdMissing, InvalidName */
export function tempFolder(target: TempTarget, { run, correlation }: ScopeFolders): string {
  const scope = target.scope === 'run' ? run : correlation
  if (scope !== undefined) return placeBelow(scope, checkedName(target.name))
  throw new Fault({
    kind: 'invalid',
    code: 'CorrelationIdMissing',
    message: `cannot keep temp "${target.name}" for a correlation id: the run has none; give it one, or use scope: run`,
  })
}

/** @throws Fault invalid InvalidName */
export function checkedName(name: string): string {
  if (isName(name)) return name
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidName',
    message: `cannot use temp name "${name}": it becomes a folder's name; use lower case letters, digits, - and _`,
  })
}

export const tempNotFound = (name: string, { correlation }: ScopeFolders): Fault =>
  new Fault({
    kind: 'missing',
    code: 'TempNotFound',
    message: `cannot read temp "${name}": it has not been written in this run${correlation === undefined ? '' : ' nor kept for its correlation id'}; include the step that writes it`,
  })

/** What an entry says of the part that counts. */
export interface TempEntry {
  file: string
  bytes: unknown
  runId: unknown
  process: unknown
  step: unknown
}

/** @param read the entry's members; undefined when it is no JSON object. @throws Fault defect CorruptTemp */
export function tempEntry(path: string, read: Record<string, unknown> | undefined): TempEntry {
  const { file, bytes, runId, process, step } = read ?? {}
  if (typeof file === 'string') return { file, bytes, runId, process, step }
  throw new Fault({
    kind: 'defect',
    code: 'CorruptTemp',
    message: `cannot read temp entry "${path}": it is damaged; remove its folder and run again`,
  })
}
