// What `loom run --remote` brings to the cluster: the runs that are asked for, and the pipelines beside them that they name.
// Storages belong to whoever runs the platform, and stay as they are there. Pure.
import { didYouMean } from '../base/index.ts'
import type { Applicable } from '../remote/index.ts'
import { onlyPipeline, type RunChoice } from './choose-runs.ts'
import { UsageError } from './io.ts'
import type { Loaded, LoadedDocument } from './load-manifests.ts'

type RunDocument = Extract<Applicable, { kind: 'ETLRun' }>
type PipelineDocument = Extract<Applicable, { kind: 'ETLPipeline' }>

export interface RemoteChoice extends RunChoice {
  runId?: string
  retries?: number
}

export interface ToApply {
  pipelines: PipelineDocument[]
  runs: RunDocument[]
  /** Kinds and names of what is left alone. */
  left: string[]
}

/**
 * The runs of those names; without names all runs; without runs one more of the only pipeline.
 * @throws UsageError when names lead nowhere
 */
export function documentsToApply({ documents }: Pick<Loaded, 'documents'>, choice: RemoteChoice): ToApply {
  const runs = documents.filter((document) => document.kind === 'ETLRun')
  const names = runs.map(({ name }) => name)
  for (const name of choice.names)
    if (!names.includes(name))
      throw new UsageError(
        `cannot run "${name}": the files hold no ETLRun of that name${didYouMean(name, names)}; ${names.length === 0 ? 'leave the name out, or name the file' : `there are ${names.join(', ')}`}`,
      )
  const chosen = choice.names.length === 0 ? runs : runs.filter(({ name }) => choice.names.includes(name))
  const made = chosen.length > 0 ? chosen.map(documentOf) : [runOfPipeline(documents)]
  if (choice.runId !== undefined && made.length > 1)
    throw new UsageError(
      `cannot use --run-id for ${made.length} runs: an id belongs to one of them; name the run, one of ${names.join(', ')}`,
    )
  const wanted = new Set(made.map(({ value }) => value.spec.pipelineRef?.name))
  return {
    pipelines: documents.flatMap((document) =>
      document.kind === 'ETLPipeline' && wanted.has(document.name)
        ? [{ kind: document.kind, value: document.value }]
        : [],
    ),
    runs: made.map((run) => withChoice(run, choice)),
    left: documents.flatMap(({ kind, name }) =>
      kind === 'ETLStorage' || kind === 'ETLWorkerPool' ? [`${kind} "${name}"`] : [],
    ),
  }
}

const documentOf = ({ kind, value }: Extract<LoadedDocument, { kind: 'ETLRun' }>): RunDocument => ({ kind, value })

/** The API server gives it its name. */
function runOfPipeline(documents: readonly LoadedDocument[]): RunDocument {
  const pipeline = onlyPipeline(documents)
  const { apiVersion } = pipeline.value
  const metadata = { generateName: `${pipeline.name}-` }
  return {
    kind: 'ETLRun',
    value: { apiVersion, kind: 'ETLRun', metadata, spec: { pipelineRef: { name: pipeline.name } } },
  }
}

/** The command line wins over the files. */
function withChoice({ kind, value }: RunDocument, choice: RemoteChoice): RunDocument {
  const { params, include, correlationId, runId, retries } = choice
  const spec = {
    ...value.spec,
    ...(Object.keys(params).length === 0 ? {} : { params: { ...value.spec.params, ...params } }),
    ...(include === undefined ? {} : { include }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(runId === undefined ? {} : { runId }),
    ...(retries === undefined ? {} : { retry: { ...value.spec.retry, limit: retries } }),
  }
  return { kind, value: { ...value, spec } }
}
