// Storage and observability settings, as values or from a YAML file, checked before anything is built from them.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { Fault } from '../base/index.ts'
import { API_VERSION, parseValue, type StorageSpec } from '../manifest/index.ts'
import type { Observer } from '../observability/index.ts'
import { CompilationError } from './errors.ts'

export interface ObservabilityConfig {
  log?: { enabled?: boolean }
  /** Prometheus text is written here at every flush. */
  metricsFile?: string
}

/** The parts of a YAML configuration. */
export interface RunnerConfig {
  storage: StorageSpec
  observability?: ObservabilityConfig
}

/** Checks a storage as strictly as a manifest. @throws CompilationError */
export function checkedStorage(storage: unknown): StorageSpec {
  const { documents, problems } = parseValue(
    { apiVersion: API_VERSION, kind: 'ETLStorage', metadata: { name: 'default' }, spec: storage },
    'storage',
  )
  const document = documents[0]
  if (document?.kind !== 'ETLStorage') throw new CompilationError(problems)
  return document.value.spec
}

/**
 * Reads `storage:` and `observability:` of a YAML file, or an ETLStorage document.
 * @param source a path or a file:// URI
 * @throws Fault missing FileNotFound, invalid InvalidConfig; CompilationError
 */
export async function readConfig(source: string | URL): Promise<RunnerConfig> {
  const path = source instanceof URL || source.startsWith('file://') ? fileURLToPath(source) : source
  const raw = await readYaml(path)
  if (raw['kind'] === 'ETLStorage') return { storage: checkedStorage(raw['spec']) }
  if (raw['storage'] === undefined) {
    throw new Fault({
      kind: 'invalid',
      code: 'InvalidConfig',
      message: `cannot read configuration "${path}": it has no storage section; add storage: {…}, or give an ETLStorage document`,
    })
  }
  const observability = raw['observability'] as ObservabilityConfig | null | undefined
  return { storage: checkedStorage(raw['storage']), ...(observability == null ? {} : { observability }) }
}

async function readYaml(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Fault({
      kind: 'missing',
      code: 'FileNotFound',
      message: `cannot read configuration "${path}": ${(cause as NodeJS.ErrnoException).code ?? String(cause)}; check the path`,
      cause,
    })
  })
  try {
    const value: unknown = parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new Fault({
      kind: 'invalid',
      code: 'InvalidConfig',
      message: `cannot read configuration "${path}": ${String(cause).split('\n')[0]}; correct the YAML`,
      cause,
    })
  }
  throw new Fault({
    kind: 'invalid',
    code: 'InvalidConfig',
    message: `cannot read configuration "${path}": it is no mapping; give storage: {…}`,
  })
}

/** The observers that a configuration asks for. */
export async function observersOf(config: ObservabilityConfig | undefined): Promise<Observer[]> {
  const observers: Observer[] = []
  if (config?.log?.enabled === true) {
    const { logObserver } = await import('../observability/log-observer.ts')
    observers.push(logObserver((line) => process.stderr.write(line)))
  }
  if (config?.metricsFile !== undefined) {
    const { metricsFileObserver } = await import('../observability/metrics-observer.ts')
    observers.push(metricsFileObserver(config.metricsFile))
  }
  return observers
}
