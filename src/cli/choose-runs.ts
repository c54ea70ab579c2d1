// Which runs a command is about: the ETLRuns of the files, resolved against the pipelines and storages beside them, or a
// pipeline alone with params from the command line. The command line wins over the files.
import { didYouMean } from '../base/index.ts'
import type { PipelineSpec, RunSpec } from '../manifest/index.ts'
import { UsageError } from './io.ts'
import type { Loaded, LoadedDocument, StorageLoaded } from './load-manifests.ts'

/** Options of the command line that say what to run. */
export interface RunChoice {
  names: readonly string[]
  params: Record<string, string>
  include?: string[]
  correlationId?: string
}

/** A run, and the documents it is made of, for the places of what is wrong with it. */
export interface ChosenRun {
  name: string
  spec: RunSpec
  /** Params that the command line gave, as text. */
  given: Readonly<Record<string, string>>
  pipeline: {
    name: string
    spec: PipelineSpec
    document: LoadedDocument
    /** Where the document holds it. */
    path: 'spec' | 'spec.pipeline'
  }
  /** Absent when a pipeline is run without one. */
  run?: LoadedDocument
  /** Absent: everything lies below .loom. */
  storage?: StorageLoaded
}

/**
 * The runs of those names; without names all runs; without runs the only pipeline.
 * @throws UsageError when names or references lead nowhere
 */
export function chooseRuns(loaded: Loaded, choice: RunChoice): ChosenRun[] {
  const runs = loaded.documents.filter((document) => document.kind === 'ETLRun')
  const names = runs.map(({ name }) => name)
  for (const name of choice.names) if (!names.includes(name)) throw unknownRun(name, names)
  const chosen = choice.names.length === 0 ? runs : runs.filter(({ name }) => choice.names.includes(name))
  if (chosen.length > 0) return chosen.map((run) => fromRun(run, loaded, choice))
  return [fromPipeline(loaded, choice)]
}

function unknownRun(name: string, names: readonly string[]): UsageError {
  const known =
    names.length === 0 ? 'they hold none at all; leave the name out, or name the file' : `there are ${names.join(', ')}`
  return new UsageError(
    `cannot run "${name}": the files hold no ETLRun of that name${didYouMean(name, names)}; ${known}`,
  )
}

function fromRun(run: Extract<LoadedDocument, { kind: 'ETLRun' }>, loaded: Loaded, choice: RunChoice): ChosenRun {
  const { spec } = run.value
  return {
    name: run.name,
    spec: mergedSpec(spec, choice),
    given: choice.params,
    run,
    pipeline: pipelineOf(run, loaded),
    ...storageOf(loaded, spec.storageRef?.name, run.name),
  }
}

function pipelineOf(run: Extract<LoadedDocument, { kind: 'ETLRun' }>, { documents }: Loaded): ChosenRun['pipeline'] {
  const { spec } = run.value
  if (spec.pipeline !== undefined) return { name: run.name, spec: spec.pipeline, document: run, path: 'spec.pipeline' }
  const wanted = spec.pipelineRef?.name ?? ''
  const pipelines = documents.filter((document) => document.kind === 'ETLPipeline')
  const found = pipelines.find(({ name }) => name === wanted)
  if (found !== undefined) return { name: found.name, spec: found.value.spec, document: found, path: 'spec' }
  const known = pipelines.map(({ name }) => name)
  throw new UsageError(
    `cannot run "${run.name}": its pipeline "${wanted}" is not in the files${didYouMean(wanted, known)}; add its file with -f`,
  )
}

/**
 * What is run when the files hold no ETLRun.
 * @throws UsageError when they hold no ETLPipeline, or several
 */
export function onlyPipeline(documents: readonly LoadedDocument[]): Extract<LoadedDocument, { kind: 'ETLPipeline' }> {
  const pipelines = documents.filter((document) => document.kind === 'ETLPipeline')
  const [pipeline, second] = pipelines
  if (pipeline === undefined)
    throw new UsageError('cannot run anything: the files hold no ETLRun and no ETLPipeline; name their file with -f')
  if (second !== undefined)
    throw new UsageError(
      `cannot tell what to run: the files hold the pipelines ${pipelines.map(({ name }) => name).join(', ')} and no ETLRun; name one file, or write an ETLRun`,
    )
  return pipeline
}

function fromPipeline(loaded: Loaded, choice: RunChoice): ChosenRun {
  const pipeline = onlyPipeline(loaded.documents)
  return {
    name: pipeline.name,
    spec: mergedSpec({ pipelineRef: { name: pipeline.name } }, choice),
    given: choice.params,
    pipeline: { name: pipeline.name, spec: pipeline.value.spec, document: pipeline, path: 'spec' },
    ...storageOf(loaded, undefined, pipeline.name),
  }
}

/** The one of the command line, else the one that the run names, else `default`, else the only one there is. */
function storageOf(
  { documents, storage }: Loaded,
  wanted: string | undefined,
  run: string,
): Pick<ChosenRun, 'storage'> {
  if (storage !== undefined) return { storage }
  const storages = documents.filter((document) => document.kind === 'ETLStorage')
  const found =
    storages.find(({ name }) => name === (wanted ?? 'default')) ??
    (wanted === undefined && storages.length === 1 ? storages[0] : undefined)
  if (found !== undefined) return { storage: found }
  const known = storages.map(({ name }) => name)
  // a run that names the default one may be run without any, as one that names none
  if (wanted === undefined || (wanted === 'default' && known.length === 0)) {
    if (known.length < 2) return {}
    throw new UsageError(
      `cannot run "${run}": the files hold the storages ${known.join(', ')}, and none is called default; name one with --storage FILE, or in spec.storageRef`,
    )
  }
  throw new UsageError(
    `cannot run "${run}": its storage "${wanted}" is not in the files${didYouMean(wanted, known)}; add its file with -f, or use --storage FILE`,
  )
}

function mergedSpec(spec: RunSpec, { params, include, correlationId }: RunChoice): RunSpec {
  return {
    ...spec,
    params: { ...spec.params, ...params },
    ...(include === undefined ? {} : { include }),
    ...(correlationId === undefined ? {} : { correlationId }),
  }
}
