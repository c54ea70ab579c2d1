// loom compile: manifests as YAML that kubectl takes, from TypeScript too; or the plan that a run of them would follow.
import { toYaml } from '../../manifest/index.ts'
import { EXIT, type Io } from '../io.ts'
import { loadManifests } from '../load-manifests.ts'
import { reportProblems } from '../report-problems.ts'
import type { RunFlags } from '../run-flags.ts'
import { plansOf } from './plan.ts'

/** @param flags `output` json means the plan */
export async function compileCommand(flags: RunFlags, io: Io): Promise<number> {
  if (flags.output === 'json') {
    const planned = await plansOf([], flags, io)
    if (planned === undefined) return EXIT.invalid
    const plans = planned.map(({ plan }) => plan)
    io.out(`${JSON.stringify(plans.length === 1 ? plans[0] : plans, null, 2)}\n`)
    return EXIT.succeeded
  }
  const loaded = await loadManifests(flags.file, io)
  if (reportProblems(loaded.problems, loaded, io)) return EXIT.invalid
  io.out(loaded.documents.map(({ value }) => toYaml(value)).join('---\n'))
  return EXIT.succeeded
}
