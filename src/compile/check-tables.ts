// Tables, files and temps: no two writers at the same time, no reader beside a writer, no table inside another one's folder.
import type { Path } from '../manifest/index.ts'
import type { Findings } from './findings.ts'
import { allSteps, concurrency, type PlacedStages, type PlacedStep } from './order.ts'
import type { Places } from './places.ts'

/** Something that is written or read: what messages call it, where it lies, and where the manifest says so. */
interface End {
  what: string
  /** Two names of one place are one thing. */
  place: string
  path: Path
}

type PlacedEnd = End & { step: PlacedStep }

export function checkConcurrency(stages: PlacedStages, places: Places, findings: Findings): void {
  const steps = allSteps(stages)
  const areConcurrent = concurrency(stages)
  const writers = new Map<string, PlacedEnd[]>()
  for (const step of steps) {
    const end = written(step, places)
    if (end === undefined) continue
    const others = writers.get(end.place) ?? []
    const other = others.find((earlier) => areConcurrent(earlier.step, step))
    if (other !== undefined && step.step.target?.temp === undefined)
      findings.error('ParallelWriters', end.path, {
        message: `steps "${other.step.step.name}" and "${step.step.name}" write ${other.what} at the same time`,
        hint: 'put one after the other, or gather the rows in a temp (append: true) and write once',
      })
    writers.set(end.place, [...others, { ...end, step }])
  }
  for (const step of steps) warnReads(step, { sources: read(step, places), writers, areConcurrent }, findings)
}

function warnReads(
  reader: PlacedStep,
  {
    sources,
    writers,
    areConcurrent,
  }: { sources: End[]; writers: ReadonlyMap<string, PlacedEnd[]>; areConcurrent: ReturnType<typeof concurrency> },
  findings: Findings,
): void {
  for (const { what, place, path } of sources) {
    const all = writers.get(place) ?? []
    const writer = all.find(({ step }) => areConcurrent(step, reader))
    if (writer === undefined) continue
    const isTemp = writer.step.step.target?.temp !== undefined
    if (isTemp && all.every(({ step }) => areConcurrent(step, reader))) continue // TempNotProduced
    findings.warning('ParallelReadWrite', path, {
      message: `step "${reader.step.name}" reads ${what} while step "${writer.step.step.name}" writes it`,
      hint: 'put one after the other, or it is chance what is read',
    })
  }
}

function written({ step, plan, path }: PlacedStep, places: Places): End | undefined {
  const { table, temp } = step.target ?? {}
  if (table !== undefined) return tableEnd(table.ref, [...path, 'target', 'table', 'ref'], places)
  if (temp !== undefined) return tempEnd(temp.name, [...path, 'target', 'temp', 'name'])
  if (plan?.target.kind !== 'file') return undefined
  const place = places.file(plan.target.location)
  return place === undefined ? undefined : { what: `file "${place}"`, place, path: [...path, 'target', 'file'] }
}

function read({ step, plan, path }: PlacedStep, places: Places): End[] {
  return Object.entries(step.sources ?? {}).flatMap(([alias, { table, temp, file }]): End[] => {
    const at = [...path, 'sources', alias]
    if (table !== undefined) return [tableEnd(table.ref, at, places)]
    if (temp !== undefined) return [tempEnd(temp.name, at)]
    const source = plan?.sources.find((planned) => planned.alias === alias)
    const place = file !== undefined && source?.kind === 'file' ? places.file(source.location) : undefined
    return place === undefined ? [] : [{ what: `file "${place}"`, place, path: at }]
  })
}

const tableEnd = (ref: string, path: Path, places: Places): End => ({
  what: `table "${ref}"`,
  place: places.table(ref).uri,
  path,
})
const tempEnd = (name: string, path: Path): End => ({ what: `temp "${name}"`, place: `temp ${name}`, path })

/** A table's folder is its own: what else lies there is taken for its files, and goes when it is cleaned up. */
export function checkNesting(included: PlacedStages, places: Places, findings: Findings): void {
  const steps = allSteps(included)
  const tables = tablesOf(steps, places)
  const byPlace = new Map(tables.map((table) => [table.place, table]))
  const report = (inner: End, document?: 'storage') => {
    const outer = enclosing(inner.place).flatMap((place) => byPlace.get(place) ?? [])[0]
    if (outer === undefined) return
    findings.error('NestedTables', inner.path, {
      message: `${inner.what} lies in the folder of ${outer.what}, ${outer.place}`,
      hint: 'give one of them another name or path; the storage holds those of tables and temps',
      ...(document === undefined ? {} : { document }),
    })
  }
  for (const table of tables) report(table)
  for (const step of steps) {
    const end = step.plan?.target.kind === 'file' ? written(step, places) : undefined
    if (end !== undefined) report(end)
  }
  const temps: End = { what: 'the root of temps', place: `${places.tempRoot()}/temp`, path: ['spec', 'temp', 'root'] }
  report(temps, 'storage')
}

/** A run must do the same wherever its tables lie, also where `raw/A` and `raw/a` are one folder. */
export function checkTableCase(included: PlacedStages, places: Places, findings: Findings): void {
  const seen = new Map<string, End>()
  for (const table of tablesOf(allSteps(included), places)) {
    const key = table.place.toLowerCase()
    const other = seen.get(key)
    if (other === undefined) seen.set(key, table)
    else if (other.place !== table.place)
      findings.error('TablesDifferInCase', table.path, {
        message: `${table.what} differs from ${other.what} only in upper and lower case, and so do their places`,
        hint: 'write one name in one way, or give one of them another name',
      })
  }
}

/** Each table once, where it is named first. */
function tablesOf(steps: PlacedStep[], places: Places): End[] {
  const tables = new Map<string, End>()
  const add = (ref: string, path: Path) => {
    if (!tables.has(ref)) tables.set(ref, tableEnd(ref, path, places))
  }
  for (const { step, path } of steps) {
    for (const [alias, { table }] of Object.entries(step.sources ?? {}))
      if (table !== undefined) add(table.ref, [...path, 'sources', alias, 'table', 'ref'])
    if (step.target?.table !== undefined) add(step.target.table.ref, [...path, 'target', 'table', 'ref'])
  }
  return [...tables.values()]
}

/** All folders around a place. */
function enclosing(place: string): string[] {
  const segments = place.split('/')
  return segments.slice(1, -1).map((_, i) => segments.slice(0, i + 2).join('/'))
}
