// Compiles a chosen run with what is there on this machine, and gives what is wrong with it its place in the files.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CompileFacts, type CompileInput, type CompileResult, compile } from '../compile/index.ts'
import {
  formatPath,
  type LocatedProblem,
  type PipelineSpec,
  type Problem,
  type StorageSpec,
} from '../manifest/index.ts'
import { stepsOf } from '../plan/index.ts'
import type { ChosenRun } from './choose-runs.ts'
import type { LoadedDocument } from './load-manifests.ts'
import { NO_LINE } from './problems.ts'

/** Looks for the code modules only: where tables lie nobody looks. */
export function compileChosen(chosen: ChosenRun, cwd: string): CompileResult {
  return compile(inputOf(chosen, cwd))
}

/**
 * Looks for the tables as well, so that one that nobody writes is found before anything runs.
 * @param written places of the tables that runs before this one write; those of this run are added
 */
export async function compileHere(chosen: ChosenRun, cwd: string, written: Set<string>): Promise<CompileResult> {
  const input = inputOf(chosen, cwd)
  const first = compile(input)
  if (!first.ok) return first
  const { lookAround } = await import('../library/look-around.ts')
  const { facts } = await lookAround(first, { tables: true })
  const tables = { ...facts.tables }
  for (const [ref, { uri }] of Object.entries(first.binding.tables)) if (written.has(uri)) tables[ref] = 'exists'
  for (const { target } of stepsOf(first.plan))
    if (target.kind === 'table') written.add(first.binding.tables[target.ref]?.uri ?? '')
  return compile({ ...input, facts: { ...input.facts, ...facts, tables } })
}

function inputOf({ pipeline, storage, spec }: ChosenRun, cwd: string): CompileInput {
  const { folder } = pipeline.document
  const facts: CompileFacts = { workingFolder: cwd, manifestFolder: folder }
  const modules = moduleFacts(pipeline.spec, moduleFolder(storage?.value.spec, { cwd, folder }))
  return {
    pipeline: { name: pipeline.name, spec: pipeline.spec },
    ...(storage === undefined ? {} : { storage: storage.value.spec }),
    run: spec,
    facts: { ...facts, ...modules },
  }
}

/** @returns undefined for a place that is none of this machine; compile refuses it */
function moduleFolder(
  storage: StorageSpec | undefined,
  { cwd, folder }: { cwd: string; folder: string },
): string | undefined {
  const uri = storage?.defaults?.modulePath?.uri
  if (uri === undefined) return folder
  if (uri.startsWith('file://')) return fileURLToPath(uri)
  return uri.includes('://') ? undefined : resolve(cwd, uri)
}

function moduleFacts(spec: PipelineSpec, folder: string | undefined): Pick<CompileFacts, 'modules'> {
  if (folder === undefined) return {}
  const steps = spec.processes
    .flatMap((item) => ('parallel' in item ? item.parallel : [item]))
    .flatMap(({ steps: items }) => items.flatMap((item) => ('parallel' in item ? item.parallel : [item])))
  const modules = steps.flatMap(({ code }) => (code?.module === undefined ? [] : [code.module]))
  return { modules: Object.fromEntries(modules.map((module) => [module, existsSync(join(folder, module))])) }
}

/** In the document that each is about: the run, the storage, or the pipeline; a param of the command line is there. */
export function locateProblems(problems: readonly Problem[], chosen: ChosenRun): LocatedProblem[] {
  return problems.map((problem) => {
    const option = paramOption(problem, chosen)
    if (option !== undefined) return { ...problem, file: option, line: NO_LINE, column: NO_LINE }
    const { document, path } = documentOf(problem, chosen)
    return { ...problem, path, ...document.locate(path, problem.offset) }
  })
}

/** `--param month=abc`, if the problem is about that. */
function paramOption({ document, path }: Problem, { given }: ChosenRun): string | undefined {
  if (document !== 'run') return undefined
  const found = Object.entries(given).find(([name]) => {
    const own = formatPath(['spec', 'params', name])
    return path === own || path.startsWith(`${own}[`)
  })
  return found === undefined ? undefined : `--param ${found[0]}=${found[1]}`
}

/** What is about a run or a storage that nobody wrote down is shown at the pipeline. */
function documentOf(
  { document, path }: Problem,
  { run, storage, pipeline }: ChosenRun,
): { document: LoadedDocument; path: string } {
  if (document === 'storage' && storage !== undefined) return { document: storage, path }
  if (document === 'run' && run !== undefined) return { document: run, path }
  return { document: pipeline.document, path: path.replace(/^spec/, pipeline.path) }
}

/** Field path of a step in its pipeline's document. */
export function stepPath({ pipeline }: ChosenRun, process: string, step: string): string | undefined {
  for (const [i, item] of pipeline.spec.processes.entries()) {
    const members = 'parallel' in item ? item.parallel : [item]
    for (const [j, owner] of members.entries()) {
      if (owner.name !== process) continue
      const found = stepIn(owner.steps, step)
      if (found !== undefined)
        return `${pipeline.path}.processes[${i}]${'parallel' in item ? `.parallel[${j}]` : ''}.${found}`
    }
  }
  return undefined
}

function stepIn(items: PipelineProcess['steps'], step: string): string | undefined {
  for (const [i, item] of items.entries()) {
    const j = ('parallel' in item ? item.parallel : [item]).findIndex(({ name }) => name === step)
    if (j >= 0) return `steps[${i}]${'parallel' in item ? `.parallel[${j}]` : ''}`
  }
  return undefined
}

type PipelineProcess = Exclude<PipelineSpec['processes'][number], { parallel: unknown }>
