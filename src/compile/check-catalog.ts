// Where it is known which tables are there: no source that does not exist, no target that may not be made (CAT-1…6).
import { didYouMean } from '../base/index.ts'
import type { MissingTablePolicy } from '../plan/index.ts'
import type { Findings } from './findings.ts'
import type { CompileFacts } from './input.ts'
import { type PlacedStages, type PlacedStep, walk } from './order.ts'

interface Catalog {
  tables: NonNullable<CompileFacts['tables']>
  policy: MissingTablePolicy
}

/** @param included the steps that are to run: only those make tables */
export function checkCatalog(included: PlacedStages, { tables, policy }: Catalog, findings: Findings): void {
  const there = Object.keys(tables).filter((ref) => tables[ref] === 'exists')
  const creates = (placed: PlacedStep): [string, true] | undefined => {
    const ref = refOf(placed)
    return ref !== undefined && mayCreate(placed, policy) ? [ref, true] : undefined
  }
  walk(included, creates, ({ step, path }, made) => {
    const isMissing = (ref: string) => tables[ref] === 'missing' && !made.has(ref)
    for (const [alias, { table }] of Object.entries(step.sources ?? {})) {
      if (table === undefined || !isMissing(table.ref)) continue
      findings.error('UnknownSourceTable', [...path, 'sources', alias, 'table', 'ref'], {
        message: `table "${table.ref}" does not exist${didYouMean(table.ref, [...made.keys(), ...there])}`,
        hint: 'write it in an earlier step, or correct the name',
      })
    }
    const ref = refOf({ step })
    if (ref === undefined || !isMissing(ref) || mayCreate({ step }, policy)) return
    findings.error('UnknownTargetTable', [...path, 'target', 'table', 'ref'], {
      message: `table "${ref}" does not exist, and the storage's missingTablePolicy is ${policy}`,
      hint: 'create the table, or set missingTablePolicy: create',
    })
  })
}

const refOf = ({ step }: Pick<PlacedStep, 'step'>): string | undefined => step.target?.table?.ref

/** TGT-1 */
const mayCreate = ({ step }: Pick<PlacedStep, 'step'>, policy: MissingTablePolicy): boolean =>
  policy === 'create' || (policy === 'schemaMode' && step.target?.table?.schema === 'overwrite')
