// Storage and observability settings, as values or from a YAML file, checked before anything is built from them.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Document, parseAllDocuments } from 'yaml'
import { didYouMean, Fault, firstLine } from '../base/index.ts'
import { API_VERSION, parseDocuments, parseValue, type StorageDocument, type StorageSpec } from '../manifest/index.ts'
import { logObserver, metricsFileObserver, type Observer } from '../observability/index.ts'
import { CompilationError } from './errors.ts'

export interface ObservabilityConfig {
  /** One JSON line on stderr when a step, a process or the pipeline ends. */
  log?: { enabled?: boolean }
  /** Prometheus text is written into this file at every flush. */
  metricsFile?: string
}

/** The parts of a YAML configuration. */
export interface RunnerConfig {
  storage: StorageSpec
  observability: ObservabilityConfig
}

/**
 * Checks a storage as strictly as a manifest: unknown fields and wrong types are refused, nothing is converted.
 * @param storage the spec, or a whole ETLStorage document
 * @throws CompilationError
 */
export function checkedStorage(storage: StorageSpec | StorageDocument | unknown): StorageSpec {
  const isDocument = isRecord(storage) && storage['kind'] !== undefined
  const wrapped = { apiVersion: API_VERSION, kind: 'ETLStorage', metadata: { name: 'default' }, spec: storage }
  const { documents, problems } = parseValue(isDocument ? storage : wrapped, 'storage')
  const document = documents[0]
  if (document?.kind === 'ETLStorage') return document.value.spec
  if (document === undefined) throw new CompilationError(problems)
  throw invalid('the storage', `it is an ${document.kind}; give an ETLStorage`)
}

/** @throws Fault invalid InvalidConfig */
export function checkedObservability(config: unknown): ObservabilityConfig {
  if (config === undefined || config === null) return {}
  const { log, metricsFile } = onlyFields(config, 'observability', ['log', 'metricsFile'])
  const { enabled } = onlyFields(log ?? {}, 'observability.log', ['enabled'])
  if (enabled !== undefined && typeof enabled !== 'boolean')
    throw invalid('observability.log.enabled', `${JSON.stringify(enabled)} is neither true nor false; give one of them`)
  if (metricsFile !== undefined && (typeof metricsFile !== 'string' || metricsFile === ''))
    throw invalid('observability.metricsFile', `${JSON.stringify(metricsFile)} is no path; give a file's path`)
  return {
    ...(enabled === undefined ? {} : { log: { enabled } }),
    ...(metricsFile === undefined ? {} : { metricsFile }),
  }
}

function onlyFields(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) throw invalid(what, `it is no mapping; give ${known.join(' or ')}`)
  const unknown = Object.keys(value).find((field) => !known.includes(field))
  if (unknown === undefined) return value
  throw invalid(
    what,
    `there is no field "${unknown}"${didYouMean(unknown, known)}; fields that it has: ${known.join(', ')}`,
  )
}

/**
 * Reads an ETLStorage document, which may stand among others, or a mapping of `storage:` and `observability:`.
 * @param source a path or a file:// URI
 * @throws Fault missing FileNotFound, invalid InvalidConfig; CompilationError
 */
export async function readConfig(source: string | URL): Promise<RunnerConfig> {
  const path = localPath(source)
  const text = await readText(path)
  const [only, ...others] = parseAllDocuments(text, { version: '1.2', schema: 'core' })
  if (only === undefined || others.length > 0 || only.has('kind'))
    return { storage: storageAmong(text, path), observability: {} }
  return sectionsOf(only, path)
}

/** The only storage of a file, else the one that runs take when they name none. */
function storageAmong(text: string, path: string): StorageSpec {
  const { documents, problems } = parseDocuments(text, path)
  if (problems.some(({ severity }) => severity === 'error')) throw new CompilationError(problems)
  const storages = documents.flatMap((document) => (document.kind === 'ETLStorage' ? [document] : []))
  const chosen = storages.length === 1 ? storages[0] : storages.find(({ name }) => name === 'default')
  if (chosen !== undefined) return chosen.value.spec
  const why =
    storages.length === 0
      ? 'there is no ETLStorage in it; add one'
      : `it has the storages ${storages.map(({ name }) => `"${name}"`).join(', ')}; name one of them "default", or keep one`
  throw invalid(`configuration "${path}"`, why)
}

function sectionsOf(document: Document.Parsed, path: string): RunnerConfig {
  const what = `configuration "${path}"`
  const [error] = document.errors
  if (error !== undefined) throw invalid(what, `${firstLine(error.message)}; correct the YAML`)
  const content: unknown = document.toJS()
  if (!isRecord(content)) throw invalid(what, 'it is no mapping; give storage: {…}, or an ETLStorage document')
  const { storage, observability } = onlyFields(content, what, ['storage', 'observability'])
  if (storage === undefined)
    throw invalid(what, 'it has no storage section; add storage: {…}, or give an ETLStorage document')
  return { storage: checkedStorage(storage), observability: checkedObservability(observability) }
}

function localPath(source: string | URL): string {
  const text = String(source)
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]
  if (scheme === undefined) return text
  if (scheme === 'file') return fileURLToPath(text)
  throw invalid(
    `configuration "${text}"`,
    `${scheme}:// is not supported; copy it to this machine, and give its path or a file:// URI`,
  )
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Fault({
      kind: 'missing',
      code: 'FileNotFound',
      message: `cannot read configuration "${path}": ${firstLine(cause instanceof Error ? cause.message : String(cause))}; check the path`,
      cause,
    })
  })
}

/** The observers that a configuration asks for, in the order of RUN-4. */
export function observersOf({ log, metricsFile }: ObservabilityConfig): Observer[] {
  return [
    ...(log?.enabled === true ? [logObserver((line) => void process.stderr.write(line))] : []),
    ...(metricsFile === undefined ? [] : [metricsFileObserver(metricsFile)]),
  ]
}

const invalid = (what: string, why: string): Fault =>
  new Fault({ kind: 'invalid', code: 'InvalidConfig', message: `cannot use ${what}: ${why}` })

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
