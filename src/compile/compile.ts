// compile: manifest → plan and storage binding, or all problems at once. Pure; a user's mistake never makes it throw.

import { didYouMean } from '../base/index.ts'
import type { Path, StorageSpec } from '../manifest/index.ts'
import { filterPlan, hashPlan, PLAN_VERSION, type Plan, stepsOf } from '../plan/index.ts'
import { bindStorage } from './bind-storage.ts'
import { checkCatalog, checkConcurrentWrites } from './check-tables.ts'
import { checkTemps, warnExcludedProducers } from './check-temps.ts'
import { Findings, listed } from './findings.ts'
import type { CompileInput, CompileResult } from './input.ts'
import type { PlacedStages } from './order.ts'
import { resolveParams } from './params.ts'
import { compilePipeline, outline } from './pipeline.ts'
import { Placeholders } from './placeholders.ts'

/** The sequence of a compilation; each line is one group of checks. */
export function compile(input: CompileInput): CompileResult {
  const { pipeline, run, facts } = input
  const storage: StorageSpec = input.storage ?? {}
  const findings = new Findings()
  const specs = pipeline.spec.params ?? {}
  const params = resolveParams(specs, run.params ?? {}, findings)
  const placeholders = new Placeholders(specs, params, findings)
  const placed = compilePipeline(pipeline.spec, { placeholders, findings, facts, storage })
  checkTemps(placed, run.correlationId, findings)
  checkConcurrentWrites(placed, findings)
  warnUnusedParams(Object.keys(specs), input, placeholders, findings)
  const included = checkInclude(input, findings)
  const whole = wholePlan(input, params, placed)
  const plan = included === null || findings.hasErrors ? whole : filterPlan(whole, included)
  if (included !== null) warnExcludedProducers(stepsOf(plan), placed, findings)
  const binding = bindStorage(plan, storage, facts, findings)
  if (facts.tables !== undefined) checkCatalog(placed, facts.tables, binding.missingTablePolicy, findings)
  return findings.hasErrors
    ? { ok: false, problems: findings.problems }
    : { ok: true, plan, binding, warnings: findings.problems }
}

function wholePlan({ pipeline, run }: CompileInput, params: Plan['params'], placed: PlacedStages): Plan {
  const stages = placed.map((members) =>
    members.map(({ name, stages: steps }) => ({ name, stages: steps.map((group) => group.map(({ plan }) => plan)) })),
  )
  return hashPlan({
    version: PLAN_VERSION,
    pipeline: pipeline.name,
    engine: run.engine ?? 'duckdb',
    params,
    include: null,
    stages,
    skipped: [],
  })
}

/** @returns the names to include; null for everything, or when they are wrong and that has been reported */
function checkInclude({ pipeline, run }: CompileInput, findings: Findings): string[] | null {
  const { include } = run
  if (include === undefined) return null
  const path: Path = ['spec', 'include']
  if (include.length === 0) {
    findings.error('EmptyInclude', path, {
      message: 'include is empty, so nothing would be run',
      hint: 'name steps or processes, or leave include out to run everything',
    })
    return null
  }
  const stages = outline(pipeline.spec)
  const known = stages.flatMap(({ process, steps }) => [process.spec.name, ...steps.map(({ spec }) => spec.name)])
  const names = include.filter((name) => !known.includes(name))
  if (names.length === 0) return include
  const meant = names.length === 1 ? didYouMean(names[0] ?? '', known) : ''
  findings.error('InvalidStage', path, {
    message: `the pipeline has no step or process ${listed(names)}${meant}`,
    hint: `there are ${listed(known)}`,
  })
  return null
}

/** A param that nothing uses is most often a typo. Code gets all params, so nothing is known of its use. */
function warnUnusedParams(
  names: string[],
  { pipeline }: CompileInput,
  { used }: Placeholders,
  findings: Findings,
): void {
  const hasCode = outline(pipeline.spec).some(({ steps }) => steps.some(({ spec }) => spec.code !== undefined))
  if (hasCode) return
  for (const name of names) {
    if (used.has(name)) continue
    findings.warning('UnusedParam', ['spec', 'params', name], {
      message: `nothing uses param "${name}"`,
      hint: `use it as $(params.${name}), or remove it`,
    })
  }
}
