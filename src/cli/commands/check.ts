// loom check: compiles, then binds every step in the engine against what is there and what earlier steps will write, so
// that a misspelt column is found before anything runs. Writes nothing.

import type { Fault } from '../../base/index.ts'
import { firstLine } from '../../base/index.ts'
import { inFileOrder, type LocatedProblem } from '../../manifest/index.ts'
import { type Plan, type StepPlan, type StorageBinding, stepsOf } from '../../plan/index.ts'
import type { ColumnType } from '../../step/index.ts'
import { type ChosenRun, chooseRuns } from '../choose-runs.ts'
import { compileHere, locateProblems, stepPath } from '../compile-chosen.ts'
import { type EngineRoom, withEngine } from '../engine-room.ts'
import { EXIT, type Io } from '../io.ts'
import { loadManifests, loadStorage } from '../load-manifests.ts'
import { reportProblems } from '../report-problems.ts'
import { choiceOf, type RunFlags } from '../run-flags.ts'
import { count } from '../text-table.ts'

interface Checked {
  problems: LocatedProblem[]
  steps: number
  /** `step "a/b": why`, of those that could not be bound. */
  unchecked: string[]
}

export async function checkCommand(names: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const loaded = await loadStorage(await loadManifests(flags.file, io), flags.storage, io)
  if (reportProblems(loaded.problems, loaded, io)) return EXIT.invalid
  const checked: Checked = { problems: [], steps: 0, unchecked: [] }
  const known: KnownColumns = { tables: new Map() }
  const written = new Set<string>()
  for (const chosen of chooseRuns(loaded, choiceOf(names, flags))) {
    const result = await compileHere(chosen, io.cwd, written)
    checked.problems.push(...locateProblems(result.ok ? result.warnings : result.problems, chosen))
    if (result.ok) await bindAll(result, { chosen, io, known, checked })
  }
  const problems = inFileOrder(onlyOnce(checked.problems))
  if (reportProblems(problems, loaded, io)) return EXIT.invalid
  for (const line of new Set(checked.unchecked)) io.err(`not checked: ${line}\n`)
  io.out(`checked ${count(checked.steps, 'step')}: no errors\n`)
  return EXIT.succeeded
}

/** Two runs of one pipeline find the same mistakes. */
function onlyOnce(problems: readonly LocatedProblem[]): LocatedProblem[] {
  const keys = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
  return [...keys.values()]
}

/** Columns of what steps write: of tables by place, over all runs. */
interface KnownColumns {
  tables: Map<string, ColumnType[] | undefined>
}

interface Surroundings {
  chosen: ChosenRun
  io: Io
  known: KnownColumns
  checked: Checked
}

/** Binds steps in declared order; each knows the columns that earlier ones will write. */
async function bindAll({ plan, binding }: { plan: Plan; binding: StorageBinding }, around: Surroundings) {
  const { chosen, io } = around
  const correlationId = chosen.spec.correlationId ?? null
  await withEngine({ plan, binding, io, correlationId }, async (room) => {
    const temps = new Map<string, ColumnType[] | undefined>()
    for (const step of stepsOf(plan)) await bindOne(step, { ...around, binding, room, temps })
  })
}

async function bindOne(
  step: StepPlan,
  {
    binding,
    room,
    temps,
    chosen,
    known,
    checked,
  }: Surroundings & { binding: StorageBinding; room: EngineRoom; temps: Map<string, ColumnType[] | undefined> },
): Promise<void> {
  const tables = new Map<string, ColumnType[] | undefined>()
  for (const [ref, { uri }] of Object.entries(binding.tables))
    if (known.tables.has(uri)) tables.set(ref, known.tables.get(uri))
  const { columns, faults, unchecked } = await room.engine.bindStep(step, room.context(step), { tables, temps })
  checked.steps += 1
  checked.problems.push(...faults.map((fault) => problemOf(fault, step, chosen)))
  if (faults.length === 0 && unchecked !== undefined)
    checked.unchecked.push(`step "${step.process}/${step.name}": ${unchecked}`)
  const { target } = step
  if (target.kind === 'table') known.tables.set(binding.tables[target.ref]?.uri ?? '', columns)
  if (target.kind === 'temp') temps.set(target.name, columns)
}

/** The message's way out is the problem's hint. */
function problemOf(fault: Fault, { process, name }: StepPlan, chosen: ChosenRun): LocatedProblem {
  const base = stepPath(chosen, process, name) ?? ''
  const path = fault.at === undefined ? base : `${base}.${fault.at.field}`
  const text = firstLine(fault.message)
  const end = text.lastIndexOf('; ')
  return {
    code: fault.code,
    severity: 'error',
    path,
    message: `step "${process}/${name}": ${end < 0 ? text : text.slice(0, end)}`,
    hint: end < 0 ? '' : text.slice(end + 2),
    ...chosen.pipeline.document.locate(path, fault.at?.offset),
  }
}
