// loom check: compiles, then binds every step in the engine against what is there and what earlier steps will write, so
// that a misspelt column is found before anything runs.
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from '../../base/index.ts'
import type { LocatedProblem } from '../../manifest/index.ts'
import { type Plan, type StepPlan, type StorageBinding, stepsOf } from '../../plan/index.ts'
import type { ColumnType } from '../../step/index.ts'
import { type ChosenRun, chooseRuns, compileChosen, locateProblems, stepPath } from '../choose-runs.ts'
import { contextMaker } from '../engine-context.ts'
import { EXIT, type Io } from '../io.ts'
import { loadManifests } from '../load-manifests.ts'
import { reportProblems } from '../report-problems.ts'
import { choiceOf, type RunFlags } from '../run-flags.ts'

export async function checkCommand(names: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const loaded = await loadManifests([...flags.file, ...(flags.storage === undefined ? [] : [flags.storage])], io)
  const problems: LocatedProblem[] = [...loaded.problems]
  let steps = 0
  if (!problems.some(({ severity }) => severity === 'error')) {
    for (const chosen of chooseRuns(loaded, choiceOf(names, flags))) {
      const { result } = compileChosen(chosen, io.cwd)
      problems.push(...locateProblems(result.ok ? result.warnings : result.problems, chosen))
      if (!result.ok) continue
      problems.push(...(await bindAll(result.plan, result.binding, { chosen, io })))
      steps += stepsOf(result.plan).length
    }
  }
  const failed = reportProblems(problems, loaded, io)
  if (!failed) io.out(`checked ${steps} steps: no errors\n`)
  return failed ? EXIT.invalid : EXIT.succeeded
}

/** Binds steps in declared order; each knows the columns that earlier ones will write. */
async function bindAll(
  plan: Plan,
  binding: StorageBinding,
  { chosen, io }: { chosen: ChosenRun; io: Io },
): Promise<LocatedProblem[]> {
  const { createDuckDbEngine } = await import('../../engine/index.ts')
  const engine = createDuckDbEngine()
  const folder = join(binding.tempRoot, 'work', `check-${randomUUID()}`)
  await mkdir(folder, { recursive: true })
  const known = {
    tables: new Map<string, ColumnType[] | undefined>(),
    temps: new Map<string, ColumnType[] | undefined>(),
  }
  const problems: LocatedProblem[] = []
  try {
    const context = await contextMaker({
      plan,
      binding,
      folder,
      signal: io.signal,
      correlationId: chosen.spec.correlationId ?? null,
    })
    for (const step of stepsOf(plan)) {
      const { columns, faults } = await engine.bindStep(step, context(step), known)
      problems.push(...faults.map((fault) => problemOf(fault, step, chosen)))
      remember(step, columns, known)
    }
  } finally {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  }
  return problems
}

function remember(
  { target }: StepPlan,
  columns: ColumnType[] | undefined,
  known: { tables: Map<string, ColumnType[] | undefined>; temps: Map<string, ColumnType[] | undefined> },
): void {
  if (target.kind === 'table') known.tables.set(target.ref, columns)
  if (target.kind === 'temp') known.temps.set(target.name, columns)
}

function problemOf(fault: Fault, step: StepPlan, chosen: ChosenRun): LocatedProblem {
  const base = stepPath(chosen, step.process, step.name) ?? ''
  const path = fault.at === undefined ? base : `${base}.${fault.at.field}`
  const [message = '', ...hints] = fault.message.split('; ')
  return {
    code: fault.code,
    severity: 'error',
    path,
    message: `step "${step.process}/${step.name}": ${message}`,
    hint: hints.join('; ') || 'correct the step',
    ...chosen.pipeline.document.locate(path, fault.at?.offset),
  }
}
