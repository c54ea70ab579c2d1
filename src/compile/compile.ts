// compile: manifest → plan and storage binding, or all problems at once. Pure; a user's mistake never makes it throw.

import type { StorageSpec } from '../manifest/index.ts'
import { filterPlan, hashPlan, PLAN_VERSION, type Plan } from '../plan/index.ts'
import { bindStorage, checkStorage } from './bind-storage.ts'
import { checkCatalog } from './check-catalog.ts'
import { checkNames } from './check-names.ts'
import { checkConcurrency, checkNesting, checkTableCase } from './check-tables.ts'
import { checkCorrelation, checkTemps } from './check-temps.ts'
import { Findings } from './findings.ts'
import { checkInclude, includedStages, warnExcludedProducers } from './include.ts'
import type { CompileInput, CompileResult } from './input.ts'
import type { PlacedStages } from './order.ts'
import { resolveParams } from './params.ts'
import { compilePipeline } from './pipeline.ts'
import { Placeholders } from './placeholders.ts'
import { Places } from './places.ts'
import { warnUnusedParams } from './unused-params.ts'

/** The sequence of a compilation; each line is one group of checks. */
export function compile(input: CompileInput): CompileResult {
  const { run, facts } = input
  const { spec } = input.pipeline
  const storage: StorageSpec = input.storage ?? {}
  const engine = run.engine ?? 'duckdb'
  const findings = new Findings()
  const params = resolveParams(spec.params ?? {}, run.params ?? {}, findings)
  const placeholders = new Placeholders(spec.params ?? {}, params, findings)
  checkNames(spec, findings)
  const stages = compilePipeline(spec, { placeholders, findings, facts, storage, engine })
  checkTemps(stages, findings)
  checkConcurrency(stages, new Places(storage, facts), findings)
  warnUnusedParams(spec, placeholders.used, findings)
  checkStorage(storage, findings)

  const include = checkInclude(run.include, spec, findings)
  const included = include === null ? stages : includedStages(stages, include)
  warnExcludedProducers(stages, included, findings)
  checkCorrelation(included, run.correlationId, findings)

  const whole = wholePlan(input, params, stages)
  const plan = include === null ? whole : filterPlan(whole, include)
  const places = new Places(storage, facts, findings)
  const binding = bindStorage(plan, places, storage)
  checkNesting(included, places, findings)
  checkTableCase(included, places, findings)
  if (facts.tables !== undefined)
    checkCatalog(included, { tables: facts.tables, policy: binding.missingTablePolicy }, findings)
  return findings.hasErrors
    ? { ok: false, problems: findings.problems }
    : { ok: true, plan, binding, warnings: findings.problems }
}

/** Steps that can't be planned are left out: then there are errors, and the plan goes nowhere. */
function wholePlan({ pipeline, run }: CompileInput, params: Plan['params'], placed: PlacedStages): Plan {
  const stages = placed.map((members) =>
    members.map(({ name, stages: steps }) => ({
      name,
      stages: steps.map((group) => group.flatMap(({ plan }) => (plan === undefined ? [] : [plan]))),
    })),
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
