// One step as written → one step of the plan.
import { parseDuration } from '../base/index.ts'
import type { BodyPlan, SourcePlan, StepPlan } from '../plan/index.ts'
import { compileSource } from './source.ts'
import { mentionedNames } from './sql-names.ts'
import { named, type StepScope } from './step-scope.ts'
import { compileTarget } from './target.ts'

/** undefined: it can't be planned, and why has been reported. */
export function compileStep(scope: StepScope): StepPlan | undefined {
  const { step, process } = scope
  const specs = Object.entries(step.sources ?? {})
  const sources = specs
    .map(([alias, spec]) => compileSource(alias, spec, scope))
    .filter((source): source is SourcePlan => source !== undefined)
  const body = compileBody(scope)
  const target = compileTarget(step.target, scope)
  if (body.kind === 'copy' && specs.length !== 1) {
    scope.findings.error('CopyNeedsOneSource', scope.path, {
      message: `${named(scope)} has no body, so it copies its only source, but it has ${specs.length} sources`,
      hint:
        specs.length === 0
          ? 'add a source, or a body: sql or code'
          : 'add a body (sql or code) that says how the sources come together',
    })
  }
  if (body.kind === 'sql') warnUnused(scope, Object.keys(step.sources ?? {}))
  if (target === undefined || sources.length !== specs.length) return undefined
  return { name: step.name, process, sources, body, target, timeoutMs: parseDuration(step.timeout ?? '') ?? null }
}

function compileBody(scope: StepScope): BodyPlan {
  const { sql, code } = scope.step
  if (sql !== undefined) return { kind: 'sql', sql: scope.placeholders.template(sql, [...scope.path, 'sql']) }
  if (code?.inline !== undefined) return { kind: 'code', inline: code.inline }
  if (code?.module !== undefined) {
    checkModule(code.module, scope)
    return { kind: 'code', module: code.module, export: code.export ?? 'default' }
  }
  return { kind: 'copy' }
}

function checkModule(module: string, { path, findings, facts }: StepScope): void {
  const at = [...path, 'code', 'module']
  if (module.startsWith('/') || module.split('/').includes('..')) {
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

function warnUnused({ step, path, findings }: StepScope, aliases: string[]): void {
  const names = mentionedNames(step.sql ?? '')
  for (const alias of aliases) {
    if (names.has(alias.toLowerCase())) continue
    findings.warning('UnusedSource', [...path, 'sources', alias], {
      message: `the SQL never mentions source "${alias}"`,
      hint: 'use it, or remove it: it is read for nothing',
    })
  }
}
