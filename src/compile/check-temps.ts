// Temps (TMPV-1…6, with their holes closed): produced before they are read, written by one step, or by several that all append.
import { didYouMean } from '../base/index.ts'
import type { StepPlan, TempTarget } from '../plan/index.ts'
import type { Findings } from './findings.ts'
import { type PlacedStages, type PlacedStep, walk } from './order.ts'

type Writer = PlacedStep & { target: TempTarget }

export function checkTemps(stages: PlacedStages, correlationId: string | undefined, findings: Findings): void {
  const all = stages.flat().flatMap((process) => process.stages.flat())
  checkWriters(writersAmong(all), findings)
  walk(stages, (step, before) => checkReads(step, before, findings))
  if (correlationId !== undefined) return
  for (const { path, target } of writersAmong(all)) {
    if (target.scope !== 'correlation') continue
    findings.error('CorrelationIdMissing', [...path, 'target', 'temp', 'scope'], {
      message: `temp "${target.name}" is kept for a correlation id, but the run has none`,
      hint: 'give the run a correlationId (--correlation-id), or use scope: run',
    })
  }
}

/** Whatever the order: two writers of one name must agree, also when they run at the same time. */
function checkWriters(writers: Writer[], findings: Findings): void {
  const first = new Map<string, Writer>()
  for (const writer of writers) {
    const { target, path, plan } = writer
    const other = first.get(target.name)
    if (other === undefined) {
      first.set(target.name, writer)
      continue
    }
    const both = `temp "${target.name}" is written by step "${other.plan.name}" and by step "${plan.name}"`
    const at = [...path, 'target', 'temp', 'name']
    if (!target.append && !other.target.append)
      findings.error('DuplicateTempName', at, { message: both, hint: 'use two names, or append: true in both' })
    else if (target.append !== other.target.append)
      findings.error('InvalidTempAppendMix', at, {
        message: `${both}, one of them with append`,
        hint: 'use append: true in both, or two names',
      })
    else if (target.scope !== other.target.scope)
      findings.error('TempScopeMix', at, { message: `${both}, in different scopes`, hint: 'give both the same scope' })
  }
}

function checkReads({ plan, path }: PlacedStep, before: readonly PlacedStep[], findings: Findings): void {
  const produced = new Set(writersAmong(before).map(({ target }) => target.name))
  for (const source of plan.sources) {
    if (source.kind !== 'temp' || produced.has(source.name)) continue
    findings.error('TempNotProduced', [...path, 'sources', source.alias], {
      message: `no earlier step writes temp "${source.name}"${didYouMean(source.name, produced)}`,
      hint: 'write it in an earlier step; steps of the same group do not see each other',
    })
  }
}

function writersAmong(steps: readonly PlacedStep[]): Writer[] {
  return steps.flatMap((step) => (step.plan.target.kind === 'temp' ? [{ ...step, target: step.plan.target }] : []))
}

/** FLT-8: an included step reads a run temp whose writer is left out; only a temp of scope correlation can be there. */
export function warnExcludedProducers(included: StepPlan[], all: PlacedStages, findings: Findings): void {
  const kept = new Set(included.map(({ process, name }) => `${process}/${name}`))
  const placed = all.flat().flatMap((process) => process.stages.flat())
  const lost = writersAmong(placed).filter(
    ({ plan, target }) => target.scope === 'run' && !kept.has(`${plan.process}/${plan.name}`),
  )
  const stillWritten = new Set(
    writersAmong(placed.filter(({ plan }) => kept.has(`${plan.process}/${plan.name}`))).map(
      ({ target }) => target.name,
    ),
  )
  for (const { plan, path } of placed) {
    if (!kept.has(`${plan.process}/${plan.name}`)) continue
    for (const source of plan.sources) {
      const writer = source.kind === 'temp' ? lost.find(({ target }) => target.name === source.name) : undefined
      if (source.kind !== 'temp' || writer === undefined || stillWritten.has(source.name)) continue
      findings.warning('TempProducerExcluded', [...path, 'sources', source.alias], {
        message: `step "${plan.name}" reads temp "${source.name}", but step "${writer.plan.name}", which writes it, is left out`,
        hint: `include "${writer.plan.name}" too`,
      })
    }
  }
}
