// The options that say what to run and how, read from what the command line gave; all of it is text there.
import type { Arguments } from './arguments.ts'
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
  /** Worker processes that run the steps; absent: this process does. */
  workers?: number
  nats?: string
  natsCredentials?: string
  logFormat: 'text' | 'json'
  dryRun: boolean
  /** Show the stacks of defects. */
  verbose: boolean
}

type Raw = Arguments['options']

/** @throws UsageError */
export function runFlags(raw: Raw): RunFlags {
  const flags: RunFlags = {
    file: texts(raw['file']),
    params: paramsOf(texts(raw['param'])),
    lastAttempt: raw['lastAttempt'] === true,
    output: oneOf(raw, 'output', ['text', 'json'] as const) ?? 'text',
    progress: oneOf(raw, 'progress', ['auto', 'plain', 'none'] as const) ?? 'auto',
    logFormat: oneOf(raw, 'logFormat', ['text', 'json'] as const) ?? 'text',
    dryRun: raw['dryRun'] === true,
    verbose: raw['verbose'] === true,
  }
  const optional = {
    storage: text(raw['storage']),
    include: names(raw['include']),
    runId: text(raw['runId']),
    correlationId: text(raw['correlationId']),
    attempt: count(raw, 'attempt', 1),
    retries: count(raw, 'retries', 0),
    parallel: count(raw, 'parallel', 1),
    memory: text(raw['memory']),
    threads: count(raw, 'threads', 1),
    metricsFile: text(raw['metricsFile']),
    workers: count(raw, 'workers', 1),
    nats: text(raw['nats']),
    natsCredentials: text(raw['natsCredentials']),
  }
  return Object.assign(flags, Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)))
}

export function choiceOf(runs: readonly string[], { params, include, correlationId }: RunFlags): RunChoice {
  return {
    names: runs,
    params,
    ...(include === undefined ? {} : { include }),
    ...(correlationId === undefined ? {} : { correlationId }),
  }
}

/** All values of an option that may be repeated. */
export const texts = (value: Raw[string] | undefined): string[] => (Array.isArray(value) ? value : [])

/** The value of an option; the last one counts. */
export const text = (value: Raw[string] | undefined): string | undefined => texts(value).at(-1)

/** The parts between commas, over all values; undefined when the option is not given. */
export function names(value: Raw[string] | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const parts = texts(value).flatMap((list) => list.split(','))
  return parts.map((part) => part.trim()).filter((part) => part !== '')
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
