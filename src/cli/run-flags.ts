// The options that say what to run and how, read from what the command line gave; all of it is text there.
import type { RunChoice } from './choose-runs.ts'
import { UsageError } from './io.ts'

export interface RunFlags {
  file: string[]
  storage?: string
  params: Record<string, string>
  include?: string[]
  runId?: string
  correlationId?: string
  attempt?: number
  lastAttempt: boolean
  retries?: number
  parallel?: number
  memory?: string
  threads?: number
  output: 'text' | 'json'
  progress: 'auto' | 'plain' | 'none'
  metricsFile?: string
  log: boolean
  dryRun: boolean
}

type Raw = Record<string, unknown>

/** @throws UsageError */
export function runFlags(raw: Raw): RunFlags {
  const flags: RunFlags = {
    file: texts(raw['file']),
    params: paramsOf(texts(raw['param'])),
    lastAttempt: raw['lastAttempt'] === true,
    output: oneOf(raw, 'output', ['text', 'json'] as const) ?? 'text',
    progress: oneOf(raw, 'progress', ['auto', 'plain', 'none'] as const) ?? 'auto',
    log: raw['log'] === true,
    dryRun: raw['dryRun'] === true,
  }
  const include = texts(raw['include']).flatMap((text) => text.split(',').map((name) => name.trim()))
  const optional = {
    storage: text(raw['storage']),
    include: raw['include'] === undefined ? undefined : include.filter((name) => name !== ''),
    runId: text(raw['runId']),
    correlationId: text(raw['correlationId']),
    attempt: count(raw, 'attempt', 1),
    retries: count(raw, 'retries', 0),
    parallel: count(raw, 'parallel', 1),
    memory: text(raw['memory']),
    threads: count(raw, 'threads', 1),
    metricsFile: text(raw['metricsFile']),
  }
  return Object.assign(flags, Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)))
}

export function choiceOf(names: readonly string[], { params, include, correlationId }: RunFlags): RunChoice {
  return {
    names,
    params,
    ...(include === undefined ? {} : { include }),
    ...(correlationId === undefined ? {} : { correlationId }),
  }
}

export function texts(value: unknown): string[] {
  return value === undefined ? [] : [value].flat().map(String)
}

export function text(value: unknown): string | undefined {
  return texts(value).at(-1)
}

/** @throws UsageError for what is no whole number, or too small */
export function count(raw: Raw, name: string, least: number): number | undefined {
  const given = text(raw[name])
  if (given === undefined) return undefined
  const value = Number(given)
  if (!Number.isSafeInteger(value) || value < least)
    throw new UsageError(
      `cannot use --${dashed(name)} "${given}": it is no whole number of at least ${least}; give one`,
    )
  return value
}

/** @throws UsageError for another value */
export function oneOf<const T extends string>(raw: Raw, name: string, choices: readonly T[]): T | undefined {
  const given = text(raw[name])
  if (given === undefined) return undefined
  const found = choices.find((choice) => choice === given)
  if (found === undefined)
    throw new UsageError(`cannot use --${dashed(name)} "${given}": give one of ${choices.join(', ')}`)
  return found
}

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

function paramsOf(pairs: string[]): Record<string, string> {
  const params: Record<string, string> = {}
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1)
      throw new UsageError(`cannot use --param "${pair}": it is no NAME=VALUE; write --param month=2013-01-01`)
    params[pair.slice(0, equals)] = pair.slice(equals + 1)
  }
  return params
}
