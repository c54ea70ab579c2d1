// loom plan: what a run would do. loom compile: manifests from TypeScript, or the plan as JSON.

import { toYaml } from '../../manifest/index.ts'
import { explain } from '../../plan/index.ts'
import { chooseRuns, compileChosen, locateProblems } from '../choose-runs.ts'
import { EXIT, type Io } from '../io.ts'
import { loadManifests } from '../load-manifests.ts'
import { reportProblems } from '../report-problems.ts'
import { choiceOf, type RunFlags } from '../run-flags.ts'

export async function planCommand(names: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const loaded = await loadManifests([...flags.file, ...(flags.storage === undefined ? [] : [flags.storage])], io)
  if (reportProblems(loaded.problems, loaded, io)) return EXIT.invalid
  for (const chosen of chooseRuns(loaded, choiceOf(names, flags))) {
    const { result } = compileChosen(chosen, io.cwd)
    reportProblems(locateProblems(result.ok ? result.warnings : result.problems, chosen), loaded, io)
    if (!result.ok) return EXIT.invalid
    io.out(
      flags.output === 'json'
        ? `${JSON.stringify({ plan: result.plan, binding: result.binding }, null, 2)}\n`
        : explain(result.plan, result.binding),
    )
  }
  return EXIT.succeeded
}

/** Prints every document of the files as YAML that kubectl takes. */
export async function compileCommand(files: readonly string[], io: Io): Promise<number> {
  const loaded = await loadManifests(files, io)
  if (reportProblems(loaded.problems, loaded, io)) return EXIT.invalid
  io.out(loaded.documents.map(({ value }) => toYaml(value)).join('---\n'))
  return EXIT.succeeded
}
