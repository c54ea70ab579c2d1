// Temps (TMPV-1…6, with their holes closed): produced before they are read, written by one step, or by several that all
// append, in one scope.
import { didYouMean } from '../base/index.ts'
import type { TargetSpec } from '../manifest/index.ts'
import type { Findings } from './findings.ts'
import { allSteps, type PlacedStages, type PlacedStep, walk } from './order.ts'

type Writer = PlacedStep & { temp: NonNullable<TargetSpec['temp']> }

export function checkTemps(stages: PlacedStages, findings: Findings): void {
  checkWriters(writersAmong(allSteps(stages)), findings)
  const written = ({ step }: PlacedStep): [string, string] | undefined =>
    step.target?.temp === undefined ? undefined : [step.target.temp.name, step.name]
  walk(stages, written, (step, produced) => checkReads(step, produced, findings))
}

/** @param included the steps that are to run */
export function checkCorrelation(included: PlacedStages, correlationId: string | undefined, findings: Findings): void {
  if (correlationId !== undefined) return
  for (const { path, temp } of writersAmong(allSteps(included))) {
    if (temp.scope !== 'correlation') continue
    findings.error('CorrelationIdMissing', [...path, 'target', 'temp', 'scope'], {
      message: `temp "${temp.name}" is kept for a correlation id, but the run has none`,
      hint: 'give the run a correlationId (--correlation-id), or use scope: run',
    })
  }
}

/** Whatever the order: two writers of one name must agree, also when they run at the same time. */
function checkWriters(writers: Writer[], findings: Findings): void {
  const first = new Map<string, Writer>()
  for (const writer of writers) {
    const { temp, path, step } = writer
    const other = first.get(temp.name)
    if (other === undefined) {
      first.set(temp.name, writer)
      continue
    }
    const both = `temp "${temp.name}" is written by step "${other.step.name}" and by step "${step.name}"`
    const [appends, othersAppend] = [temp.append ?? false, other.temp.append ?? false]
    const at = [...path, 'target', 'temp']
    if (!appends && !othersAppend)
      findings.error('DuplicateTempName', [...at, 'name'], {
        message: both,
        hint: 'use two names, or append: true in both',
      })
    else if (appends !== othersAppend)
      findings.error('InvalidTempAppendMix', [...at, 'name'], {
        message: `${both}, one of them with append`,
        hint: 'use append: true in both, or two names',
      })
    else if ((temp.scope ?? 'run') !== (other.temp.scope ?? 'run'))
      findings.error('TempScopeMix', [...at, 'scope'], {
        message: `${both}, in different scopes`,
        hint: 'give both the same scope',
      })
  }
}

function checkReads({ step, path }: PlacedStep, produced: ReadonlyMap<string, unknown>, findings: Findings): void {
  for (const [alias, { temp }] of Object.entries(step.sources ?? {})) {
    if (temp === undefined || produced.has(temp.name)) continue
    findings.error('TempNotProduced', [...path, 'sources', alias, 'temp', 'name'], {
      message: `no earlier step writes temp "${temp.name}"${didYouMean(temp.name, produced.keys())}`,
      hint: 'write it in an earlier step; steps of the same group do not see each other',
    })
  }
}

function writersAmong(steps: readonly PlacedStep[]): Writer[] {
  return steps.flatMap((placed) => {
    const temp = placed.step.target?.temp
    return temp === undefined ? [] : [{ ...placed, temp }]
  })
}
