// Tables and files: no two writers at the same time, no reader beside a writer; and, where the catalog is known, no source
// that does not exist (CAT-1…6).
import { didYouMean } from '../base/index.ts'
import type { MissingTablePolicy, StepPlan } from '../plan/index.ts'
import type { Findings } from './findings.ts'
import type { CompileFacts } from './input.ts'
import { concurrentPairs, type PlacedStages, type PlacedStep, walk } from './order.ts'

export function checkConcurrentWrites(stages: PlacedStages, findings: Findings): void {
  for (const [a, b] of concurrentPairs(stages)) {
    const [written, other] = [placeOf(a.plan), placeOf(b.plan)]
    if (written !== undefined && written === other) {
      findings.error('ParallelWriters', [...b.path, 'target'], {
        message: `steps "${a.plan.name}" and "${b.plan.name}" write ${written} at the same time`,
        hint: 'put one after the other, or write to a temp with append: true and to the table once',
      })
    }
    warnReader(a, b, written, findings)
    warnReader(b, a, other, findings)
  }
}

function warnReader(writer: PlacedStep, reader: PlacedStep, written: string | undefined, findings: Findings): void {
  for (const source of reader.plan.sources) {
    if (source.kind !== 'table' || `table "${source.ref}"` !== written) continue
    findings.warning('ParallelReadWrite', [...reader.path, 'sources', source.alias], {
      message: `step "${reader.plan.name}" reads ${written} while step "${writer.plan.name}" writes it`,
      hint: 'put one after the other, or it is chance which version is read',
    })
  }
}

function placeOf({ target }: StepPlan): string | undefined {
  if (target.kind === 'table') return `table "${target.ref}"`
  if (target.kind === 'file')
    return 'path' in target.location ? `file "${target.location.path}"` : `file "${target.location.file}"`
  return undefined
}

export function checkCatalog(
  stages: PlacedStages,
  tables: NonNullable<CompileFacts['tables']>,
  policy: MissingTablePolicy,
  findings: Findings,
): void {
  walk(stages, ({ plan, path }, before) => {
    const made = new Set(
      before.flatMap((step) =>
        step.plan.target.kind === 'table' && mayCreate(step.plan.target, policy) ? [step.plan.target.ref] : [],
      ),
    )
    const known = [...made, ...Object.keys(tables).filter((ref) => tables[ref] === 'exists')]
    for (const source of plan.sources) {
      if (source.kind !== 'table' || tables[source.ref] !== 'missing' || made.has(source.ref)) continue
      findings.error('UnknownSourceTable', [...path, 'sources', source.alias, 'table', 'ref'], {
        message: `table "${source.ref}" does not exist${didYouMean(source.ref, known)}`,
        hint: 'write it in an earlier step, or correct the name',
      })
    }
    const { target } = plan
    if (
      target.kind !== 'table' ||
      tables[target.ref] !== 'missing' ||
      made.has(target.ref) ||
      mayCreate(target, policy)
    )
      return
    findings.error('UnknownTargetTable', [...path, 'target', 'table', 'ref'], {
      message: `table "${target.ref}" does not exist, and the storage's missingTablePolicy is ${policy}`,
      hint: 'create the table, or set missingTablePolicy: create',
    })
  })
}

const mayCreate = (target: { schema: string }, policy: MissingTablePolicy): boolean =>
  policy === 'create' || (policy === 'schemaMode' && target.schema === 'overwrite')
