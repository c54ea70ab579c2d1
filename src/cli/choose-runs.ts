// Which runs a command is about: the ETLRuns of the files, resolved against the pipelines and storages beside them, or a
// pipeline alone with params from the command line.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { didYouMean } from '../base/index.ts'
import { type CompileInput, type CompileResult, compile } from '../compile/index.ts'
import type { LocatedProblem, PipelineSpec, RunSpec, StorageSpec } from '../manifest/index.ts'
import { UsageError } from './io.ts'
import type { Loaded, LoadedDocument } from './load-manifests.ts'

/** Options of the command line that say what to run. */
export interface RunChoice {
  names: readonly string[]
  params: Record<string, string>
  include?: string[]
  correlationId?: string
}

export interface ChosenRun {
  name: string
  spec: RunSpec
  pipeline: { name: string; spec: PipelineSpec; document: LoadedDocument; prefix: string }
  run?: LoadedDocument
  storage?: { spec: StorageSpec; document: LoadedDocument }
}

/** @throws UsageError when names or references lead nowhere */
export function chooseRuns({ documents }: Loaded, choice: RunChoice): ChosenRun[] {
  const runs = documents.filter((document) => document.kind === 'ETLRun')
  const names = runs.map(({ name }) => name)
  for (const name of choice.names) {
    if (!names.includes(name))
      throw new UsageError(
        `cannot run "${name}": the files hold no ETLRun of that name${didYouMean(name, names)}; there ${names.length === 0 ? 'is none' : `are ${names.join(', ')}`}`,
      )
  }
  const chosen =
    choice.names.length === 0
      ? runs
      : choice.names.map((name) => runs.find((run) => run.name === name)).filter((run) => run !== undefined)
  if (chosen.length > 0) return chosen.map((run) => fromRun(run, documents, choice))
  return [fromPipeline(documents, choice)]
}

function fromRun(run: LoadedDocument & { kind: 'ETLRun' }, documents: LoadedDocument[], choice: RunChoice): ChosenRun {
  const { spec } = run.value
  const storage = storageOf(documents, spec.storageRef?.name)
  const merged = mergedSpec(spec, choice)
  if (spec.pipeline !== undefined)
    return {
      name: run.name,
      spec: merged,
      run,
      pipeline: { name: run.name, spec: spec.pipeline, document: run, prefix: 'spec.pipeline' },
      ...storage,
    }
  const wanted = spec.pipelineRef?.name ?? ''
  const pipelines = documents.filter((document) => document.kind === 'ETLPipeline')
  const pipeline = pipelines.find(({ name }) => name === wanted)
  if (pipeline === undefined) {
    const known = pipelines.map(({ name }) => name)
    throw new UsageError(
      `cannot run "${run.name}": its pipeline "${wanted}" is not in the files${didYouMean(wanted, known)}; add its file with -f`,
    )
  }
  return {
    name: run.name,
    spec: merged,
    run,
    pipeline: { name: pipeline.name, spec: pipeline.value.spec, document: pipeline, prefix: 'spec' },
    ...storage,
  }
}

function fromPipeline(documents: LoadedDocument[], choice: RunChoice): ChosenRun {
  const pipelines = documents.filter((document) => document.kind === 'ETLPipeline')
  const [pipeline, second] = pipelines
  if (pipeline === undefined)
    throw new UsageError('cannot run anything: the files hold no ETLRun and no ETLPipeline; name their file with -f')
  if (second !== undefined)
    throw new UsageError(
      `cannot tell what to run: the files hold pipelines ${pipelines.map(({ name }) => name).join(', ')} and no ETLRun; name one file, or write an ETLRun`,
    )
  const spec = mergedSpec({ pipelineRef: { name: pipeline.name } }, choice)
  return {
    name: pipeline.name,
    spec,
    pipeline: { name: pipeline.name, spec: pipeline.value.spec, document: pipeline, prefix: 'spec' },
    ...storageOf(documents, undefined),
  }
}

function storageOf(documents: LoadedDocument[], wanted: string | undefined): Pick<ChosenRun, 'storage'> {
  const storages = documents.filter((document) => document.kind === 'ETLStorage')
  const found =
    storages.find(({ name }) => name === (wanted ?? 'default')) ??
    (wanted === undefined && storages.length === 1 ? storages[0] : undefined)
  if (found !== undefined) return { storage: { spec: found.value.spec, document: found } }
  if (wanted !== undefined)
    throw new UsageError(
      `cannot find storage "${wanted}": it is not in the files${didYouMean(
        wanted,
        storages.map(({ name }) => name),
      )}; add its file with -f or --storage`,
    )
  return {}
}

/** The command line wins over the file. */
function mergedSpec(spec: RunSpec, { params, include, correlationId }: RunChoice): RunSpec {
  return {
    ...spec,
    params: { ...spec.params, ...params },
    ...(include === undefined ? {} : { include }),
    ...(correlationId === undefined ? {} : { correlationId }),
  }
}

/** Compiles a chosen run with what is there on this machine. */
export function compileChosen(chosen: ChosenRun, cwd: string): { result: CompileResult; input: CompileInput } {
  const { pipeline, storage, spec } = chosen
  const folder = pipeline.document.folder
  const moduleFolder = folder
  const modules: Record<string, boolean> = {}
  for (const module of modulesOf(pipeline.spec)) modules[module] = existsSync(join(moduleFolder, module))
  const input: CompileInput = {
    pipeline: { name: pipeline.name, spec: pipeline.spec },
    ...(storage === undefined ? {} : { storage: storage.spec }),
    run: spec,
    facts: {
      workingFolder: cwd,
      manifestFolder: folder,
      ...(storage?.spec.defaults?.modulePath === undefined ? { modules } : {}),
    },
  }
  return { result: compile(input), input }
}

function modulesOf(spec: PipelineSpec): string[] {
  const steps = spec.processes
    .flatMap((item) => ('parallel' in item ? item.parallel : [item]))
    .flatMap(({ steps: items }) => items.flatMap((item) => ('parallel' in item ? item.parallel : [item])))
  return steps.flatMap(({ code }) => (code?.module === undefined ? [] : [code.module]))
}

/** Gives compile's problems their places: in the run, the storage, or the pipeline. */
export function locateProblems(
  problems: {
    code: string
    severity: 'error' | 'warning'
    path: string
    message: string
    hint: string
    offset?: number
  }[],
  chosen: ChosenRun,
): LocatedProblem[] {
  return problems.map((problem) => {
    const { document, path } = documentOf(problem, chosen)
    return { ...problem, path, ...document.locate(path, problem.offset) }
  })
}

const STORAGE_CODES = ['DuplicateStorageEntry', 'UnsupportedScheme']
const RUN_CODES = ['MissingParam', 'UnknownParam', 'InvalidParamValue', 'InvalidStage', 'EmptyInclude']

function documentOf(
  { code, path }: { code: string; path: string },
  { run, storage, pipeline }: ChosenRun,
): { document: LoadedDocument; path: string } {
  if (STORAGE_CODES.includes(code) && storage !== undefined) return { document: storage.document, path }
  if (RUN_CODES.includes(code) && run !== undefined) return { document: run, path }
  return {
    document: pipeline.document,
    path: pipeline.prefix === 'spec' ? path : path.replace(/^spec/, pipeline.prefix),
  }
}

/** Field path of a step in its pipeline's document. */
export function stepPath(chosen: ChosenRun, process: string, step: string): string | undefined {
  for (const [i, item] of chosen.pipeline.spec.processes.entries()) {
    const grouped = 'parallel' in item
    for (const [j, owner] of (grouped ? item.parallel : [item]).entries()) {
      if (owner.name !== process) continue
      const base = `${chosen.pipeline.prefix}.processes[${i}]${grouped ? `.parallel[${j}]` : ''}`
      for (const [k, member] of owner.steps.entries()) {
        const inGroup = 'parallel' in member
        const index = (inGroup ? member.parallel : [member]).findIndex(({ name }) => name === step)
        if (index >= 0) return `${base}.steps[${k}]${inGroup ? `.parallel[${index}]` : ''}`
      }
    }
  }
  return undefined
}
