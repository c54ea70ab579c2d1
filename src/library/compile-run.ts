// From a pipeline in a program to its plan: the document is checked as YAML would be, then compiled.
import { type CompileInput, type CompileResult, compile } from '../compile/index.ts'
import { type PipelineDocument, parseValue, type StorageSpec } from '../manifest/index.ts'
import { CompilationError, InvalidStageError } from './errors.ts'
import { lookAround } from './look-around.ts'

export interface CompileRunInput {
  /** Not trusted: it may come from plain JavaScript. */
  pipeline: unknown
  params: Readonly<Record<string, unknown>>
  include: unknown
  correlationId: string | undefined
  storage: StorageSpec | undefined
  /** Absolute folder that relative places start from. */
  folder: string
  /** Whether sources and targets are looked for among the tables that are there. */
  checkTables: boolean
}

/** @throws CompilationError, InvalidStageError: with all problems */
export async function compileRun(input: CompileRunInput): Promise<Extract<CompileResult, { ok: true }>> {
  const pipeline = checkedPipeline(input.pipeline)
  const include = checkedInclude(input.include)
  const { storage, correlationId, folder } = input
  const compileInput: CompileInput = {
    pipeline: { name: pipeline.metadata.name ?? 'pipeline', spec: pipeline.spec },
    ...(storage === undefined ? {} : { storage }),
    run: {
      params: plainParams(input.params, pipeline),
      ...(include === undefined ? {} : { include }),
      ...(correlationId === undefined ? {} : { correlationId }),
    },
    facts: { workingFolder: folder, manifestFolder: folder },
  }
  const first = compiled(compileInput)
  const { facts, any } = await lookAround(first, { tables: input.checkTables })
  return any ? compiled({ ...compileInput, facts: { ...compileInput.facts, ...facts } }) : first
}

function compiled(input: CompileInput): Extract<CompileResult, { ok: true }> {
  const result = compile(input)
  if (result.ok) return result
  const errors = result.problems.filter(({ severity }) => severity === 'error')
  const onlyStages = errors.every(({ code }) => code === 'InvalidStage' || code === 'EmptyInclude')
  throw onlyStages ? new InvalidStageError(result.problems) : new CompilationError(result.problems)
}

function checkedPipeline(pipeline: unknown): PipelineDocument {
  const { documents, problems } = parseValue(pipeline, 'pipeline')
  const document = documents[0]
  if (document?.kind === 'ETLPipeline') return document.value
  if (document === undefined) throw new CompilationError(problems)
  throw new CompilationError([
    {
      code: 'UnknownKind',
      severity: 'error',
      path: 'kind',
      message: `${document.kind} "${document.name}" can't be run as a pipeline`,
      hint: 'give an ETLPipeline',
    },
  ])
}

/** A text would be a list of its characters (FLT-7). */
function checkedInclude(include: unknown): string[] | undefined {
  if (include === undefined || include === null) return undefined
  if (Array.isArray(include) && include.every((name) => typeof name === 'string')) return [...include]
  const message = typeof include === 'string' ? `include is the text "${include}"` : 'include is no list of names'
  throw new InvalidStageError([
    { code: 'InvalidStage', severity: 'error', path: 'spec.include', message, hint: 'give a list of names' },
  ])
}

type PlainParams = NonNullable<CompileInput['run']['params']>

/** Date and bigint in the form that a manifest has them in; undefined is not given. */
function plainParams(params: Readonly<Record<string, unknown>>, pipeline: PipelineDocument): PlainParams {
  const plain = (value: unknown, isDay: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => plain(item, isDay))
    if (typeof value === 'bigint') return String(value)
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) return value
    return value.toISOString().slice(0, isDay ? 10 : undefined)
  }
  const entries = Object.entries(params).flatMap(([name, value]) => {
    const spec = pipeline.spec.params?.[name]
    const isDay = spec?.type === 'date' || spec?.items === 'date'
    return value === undefined ? [] : [[name, plain(value, isDay)] as const]
  })
  return Object.fromEntries(entries) as PlainParams // compile refuses what is no value of a param
}
