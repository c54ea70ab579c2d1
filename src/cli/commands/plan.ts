// loom plan: what a run would do, as text or JSON.
import { explain, type Plan, type StorageBinding } from '../../plan/index.ts'
import { chooseRuns } from '../choose-runs.ts'
import { compileChosen, locateProblems } from '../compile-chosen.ts'
import { EXIT, type Io } from '../io.ts'
import { loadManifests, loadStorage } from '../load-manifests.ts'
import { reportProblems } from '../report-problems.ts'
import { choiceOf, type RunFlags } from '../run-flags.ts'

export interface Planned {
  plan: Plan
  binding: StorageBinding
}

export async function planCommand(runs: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const planned = await plansOf(runs, flags, io)
  if (planned === undefined) return EXIT.invalid
  const { lookAround } = await import('../../library/look-around.ts')
  const found = await Promise.all(
    planned.map(async (each) => ({ ...each, tables: (await lookAround(each, { tables: true })).facts.tables ?? {} })),
  )
  if (flags.output === 'json') io.out(`${JSON.stringify(found.length === 1 ? found[0] : found, null, 2)}\n`)
  else io.out(found.map((each) => explain(each.plan, each.binding) + tablesText(each.tables)).join('\n'))
  return EXIT.succeeded
}

/** Nothing without tables. */
function tablesText(tables: Record<string, 'exists' | 'missing'>): string {
  const lines = Object.entries(tables).map(
    ([ref, state]) => `  ${ref}: ${state === 'exists' ? 'exists' : 'not there yet'}`,
  )
  return lines.length === 0 ? '' : `\ntables:\n${lines.join('\n')}\n`
}

/** @returns undefined when there are errors; all are reported */
export async function plansOf(runs: readonly string[], flags: RunFlags, io: Io): Promise<Planned[] | undefined> {
  const loaded = await loadStorage(await loadManifests(flags.file, io), flags.storage, io)
  if (reportProblems(loaded.problems, loaded, io)) return undefined
  const planned: Planned[] = []
  let failed = false
  for (const chosen of chooseRuns(loaded, choiceOf(runs, flags))) {
    const result = compileChosen(chosen, io.cwd)
    failed = reportProblems(locateProblems(result.ok ? result.warnings : result.problems, chosen), loaded, io) || failed
    if (result.ok) planned.push(result)
  }
  return failed ? undefined : planned
}
