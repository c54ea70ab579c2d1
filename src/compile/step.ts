// One step as written → one step of the plan.
import { parseDuration } from '../base/index.ts'
import type { BodyPlan, SourcePlan, StepPlan } from '../plan/index.ts'
import { compileSource } from './source.ts'
import { mentionedNames } from './sql-pieces.ts'
import { named, type StepScope } from './step-scope.ts'
import { compileTarget } from './target.ts'

/** Ten years: what a Kubernetes Job takes as a deadline, and more than anybody means. */
const LONGEST_TIMEOUT_MS = 3650 * 86_400_000

/** undefined: it can't be planned, and why has been reported. */
export function compileStep(scope: StepScope): StepPlan | undefined {
  const { step, process } = scope
  const specs = Object.entries(step.sources ?? {})
  checkAliases(scope)
  const sources = specs.flatMap(([alias, spec]) => compileSource(alias, spec, scope) ?? [])
  const body = compileBody(scope)
  const target = compileTarget(step.target, scope)
  const timeoutMs = compileTimeout(scope)
  if (body.kind === 'copy' && specs.length !== 1) {
    scope.findings.error('CopyNeedsOneSource', scope.path, {
      message: `${named(scope)} has no body, so it copies its only source, but it has ${specs.length} sources`,
      hint:
        specs.length === 0
          ? 'add a source, or a body: sql or code'
          : 'add a body (sql or code) that says how the sources come together',
    })
  }
  if (body.kind === 'sql') warnUnused(scope)
  if (target === undefined || sources.length !== specs.length) return undefined
  return { name: step.name, process, sources: inOrder(sources), body, target, timeoutMs }
}

/** By alias: the API server hands mappings on in this order, and the plan must be the same everywhere. */
function inOrder(sources: SourcePlan[]): SourcePlan[] {
  return sources.toSorted((a, b) => (a.alias < b.alias ? -1 : 1))
}

function compileBody(scope: StepScope): BodyPlan {
  const { sql, code } = scope.step
  if (sql !== undefined) return { kind: 'sql', sql: scope.placeholders.sql(sql, [...scope.path, 'sql']) }
  if (code?.inline !== undefined) return { kind: 'code', inline: code.inline }
  if (code?.module !== undefined) {
    checkModule(code.module, scope)
    return { kind: 'code', module: code.module, export: code.export ?? 'default' }
  }
  return { kind: 'copy' }
}

function compileTimeout({ step, path, findings }: StepScope): number | null {
  if (step.timeout === undefined) return null
  const ms = parseDuration(step.timeout) ?? 0
  if (ms > 0 && ms <= LONGEST_TIMEOUT_MS) return ms
  findings.error('InvalidTimeout', [...path, 'timeout'], {
    message: ms === 0 ? 'a timeout of nothing lets no step finish' : `${step.timeout} is longer than ten years`,
    hint: 'give a time like 90s or 2h, or leave the timeout out',
  })
  return null
}

/** The engine does not tell cases apart. */
function checkAliases({ step, path, findings }: StepScope): void {
  const seen = new Map<string, string>()
  for (const alias of Object.keys(step.sources ?? {})) {
    const other = seen.get(alias.toLowerCase())
    if (other !== undefined)
      findings.error('DuplicateAlias', [...path, 'sources', alias], {
        message: `sources "${other}" and "${alias}" differ only in upper and lower case, which SQL does not tell apart`,
        hint: 'rename one of them',
      })
    seen.set(alias.toLowerCase(), alias)
  }
}

function checkModule(module: string, { path, findings, facts }: StepScope): void {
  const at = [...path, 'code', 'module']
  if (module.startsWith('/') || module.split(/[/\\]/).includes('..')) {
    findings.error('UnsafeModulePath', at, {
      message: `module "${module}" lies outside of the folder that modules start from`,
      hint: "give a path below the manifest's folder, without ..",
    })
  } else if (facts.modules?.[module] === false) {
    findings.error('MissingCodeModule', at, {
      message: `there is no module "${module}"`,
      hint: "give its path relative to the manifest's folder",
    })
  }
}

function warnUnused({ step, path, findings }: StepScope): void {
  const names = mentionedNames(step.sql ?? '')
  for (const alias of Object.keys(step.sources ?? {})) {
    if (names.has(alias.toLowerCase())) continue
    findings.warning('UnusedSource', [...path, 'sources', alias], {
      message: `the SQL never mentions source "${alias}"`,
      hint: 'use it, or remove it: it is read for nothing',
    })
  }
}
