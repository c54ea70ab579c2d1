// `include`: which steps of the pipeline a run is to do (FLT-1…4, FLT-8).
import { didYouMean } from '../base/index.ts'
import type { Path, PipelineSpec } from '../manifest/index.ts'
import { type Findings, listed } from './findings.ts'
import { allSteps, type PlacedStages, type PlacedStep, walk } from './order.ts'
import { outline } from './pipeline.ts'

/** @returns the names to include; null for everything, or when they are wrong and that has been reported */
export function checkInclude(
  include: readonly string[] | undefined,
  spec: PipelineSpec,
  findings: Findings,
): string[] | null {
  if (include === undefined) return null
  const path: Path = ['spec', 'include']
  if (include.length === 0) {
    findings.error('EmptyInclude', path, {
      message: 'include is empty, so nothing would be run',
      hint: 'name steps or processes, or leave include out to run everything',
      document: 'run',
    })
    return null
  }
  const names = outline(spec).flatMap(({ process, steps }) => [
    process.spec.name,
    ...steps.map(({ spec }) => spec.name),
  ])
  const known = [...new Set(names)] // names that occur twice are a problem of their own
  const unknown = [...new Set(include)].filter((name) => !known.includes(name))
  if (unknown.length === 0) return [...include]
  const quoted = unknown.map((name) => `"${name}"${didYouMean(name, known).replace(/^; (.*)\?$/, ' ($1?)')}`)
  findings.error('InvalidStage', path, {
    message: `the pipeline has no step or process ${quoted.join(', ')}`,
    hint: `there are ${listed(known)}`,
    document: 'run',
  })
  return null
}

/** What is left of the stages: the same choice as filterPlan's. */
export function includedStages(stages: PlacedStages, include: readonly string[]): PlacedStages {
  const wanted = new Set(include)
  return stages.map((processes) =>
    processes.map(({ name, stages: groups }) => ({
      name,
      stages: groups.map((members) => members.filter(({ step }) => wanted.has(name) || wanted.has(step.name))),
    })),
  )
}

/** FLT-8: an included step reads a run temp that a step which is left out writes, or writes a part of. */
export function warnExcludedProducers(all: PlacedStages, included: PlacedStages, findings: Findings): void {
  const kept = new Set(allSteps(included))
  const written = (step: PlacedStep): [string, PlacedStep] | undefined =>
    step.step.target?.temp === undefined ? undefined : [step.step.target.temp.name, step]
  walk(all, written, (reader, known) => {
    if (!kept.has(reader)) return
    for (const [alias, { temp }] of Object.entries(reader.step.sources ?? {})) {
      if (temp === undefined) continue
      const writers = known.get(temp.name) ?? []
      const lost = writers.filter((writer) => !kept.has(writer) && writer.step.target?.temp?.scope !== 'correlation')
      if (lost.length === 0) continue
      const names = listed(lost.map(({ step }) => step.name))
      const what = lost.length < writers.length ? 'a part of it' : 'it'
      findings.warning('TempProducerExcluded', [...reader.path, 'sources', alias], {
        message: `step "${reader.step.name}" reads temp "${temp.name}", but ${names}, which ${lost.length === 1 ? 'writes' : 'write'} ${what}, ${lost.length === 1 ? 'is' : 'are'} left out`,
        hint: `include ${names} too`,
      })
    }
  })
}
