// The three kinds written in TypeScript. What a builder returns is the very document that YAML would give, so
// everything that takes one takes the other; it is checked where it is used, as YAML is.
import type { PipelineDocument, PipelineSpec, ProcessItem, ProcessSpec, StepItem, StepSpec } from './pipeline.ts'
import type { RunDocument, RunSpec } from './run.ts'
import { API_VERSION } from './shared.ts'
import type { SourceSpec } from './source.ts'
import type { StorageDocument, StorageSpec } from './storage.ts'
import type { TableTargetSpec, TargetSpec, WriteMode } from './target.ts'
import type { WorkerPoolDocument, WorkerPoolSpec } from './worker-pool.ts'

/** An object that has one of its fields and none of the others. */
type ExactlyOne<T> = {
  [K in keyof T]-?: { [P in K]-?: Exclude<T[P], undefined> } & { [P in Exclude<keyof T, K>]?: never }
}[keyof T]

/** A table target with at most one write mode. */
type TableTarget = Omit<TableTargetSpec, WriteMode> &
  (ExactlyOne<Pick<TableTargetSpec, WriteMode>> | { [M in WriteMode]?: never })

/** What a step is made of, beside its name. */
export interface StepOptions extends Omit<StepSpec, 'name' | 'sources' | 'target'> {
  sources?: Record<string, ExactlyOne<SourceSpec>>
  target?: ExactlyOne<Omit<TargetSpec, 'table'> & { table?: TableTarget }>
}

/** What a pipeline is made of, beside its name and its processes. */
export interface PipelineOptions<P extends Params = Params> {
  description?: string
  params?: P
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

type Params = NonNullable<PipelineSpec['params']>

/** The placeholders of a pipeline's own params, by name. */
export type Placeholders<P> = { readonly [K in keyof P]: string }

/** Filters that a path may put behind a date or timestamp param. */
export type PathFilter = 'date' | 'year' | 'year-month'

/**
 * A pipeline.
 *
 * @example
 * export default pipeline('flights', { params: { month: { type: 'date' } } }, [
 *   process('ingest', [
 *     step('raw_flights', {
 *       sources: { csv: { file: { path: `data/${param('month', 'year-month')}.csv`, format: 'csv' } } },
 *       target: { table: { ref: 'raw.flights', replacePartitions: { by: ['month'] } } },
 *     }),
 *     parallel(
 *       step('by_carrier', { sources: …, sql: 'SELECT …', target: … }),
 *       step('by_route', { sources: …, sql: 'SELECT …', target: … }),
 *     ),
 *   ]),
 * ])
 *
 * @param processes the processes in order, or a function that gets the placeholders of the declared params, so that a
 *   misspelt name does not compile: `({ month }) => [process('ingest', [step('a', { sql: `… ${month} …` })])]`
 */
export function pipeline<P extends Params>(
  name: string,
  options: PipelineOptions<P>,
  processes: readonly ProcessItem[] | ((params: Placeholders<P>) => readonly ProcessItem[]),
): PipelineDocument {
  const { description, params, ...metadata } = options
  const items = typeof processes === 'function' ? processes(placeholders(params)) : processes
  return pruned({
    apiVersion: API_VERSION,
    kind: 'ETLPipeline',
    metadata: { name, ...metadata },
    spec: { description, params, processes: [...items] },
  })
}

/** An ordered list of steps and groups of steps. */
export function process(name: string, steps: readonly StepItem[], options: { description?: string } = {}): ProcessSpec {
  return { name, ...options, steps: [...steps] }
}

/** A step: sources, a body (`sql`, `code` or none), one target. */
export function step(name: string, options: StepOptions): StepSpec {
  return { name, ...options }
}

/** A group of steps, or of processes, that run at the same time. */
export function parallel(...steps: (StepSpec & { steps?: never })[]): { parallel: StepSpec[] }
export function parallel(...processes: ProcessSpec[]): { parallel: ProcessSpec[] }
export function parallel<T>(...members: T[]): { parallel: T[] } {
  return { parallel: members }
}

/** The placeholder of a param: `$(params.month)`, in a path also `$(params.month | year-month)`. */
export function param(name: string, filter?: PathFilter): string {
  return filter === undefined ? `$(params.${name})` : `$(params.${name} | ${filter})`
}

/** One execution of a pipeline. */
export function run(name: string, spec: RunSpec): RunDocument {
  return pruned({ apiVersion: API_VERSION, kind: 'ETLRun', metadata: { name }, spec })
}

/** Where tables, files and temps lie. */
export function storage(name: string, spec: StorageSpec): StorageDocument {
  return pruned({ apiVersion: API_VERSION, kind: 'ETLStorage', metadata: { name }, spec })
}

/** Standing warm workers. */
export function workerPool(name: string, spec: WorkerPoolSpec): WorkerPoolDocument {
  return pruned({ apiVersion: API_VERSION, kind: 'ETLWorkerPool', metadata: { name }, spec })
}

function placeholders<P extends Params>(params: P | undefined): Placeholders<P>
function placeholders(params: Params = {}): Placeholders<Params> {
  return Object.fromEntries(Object.keys(params).map((name) => [name, param(name)]))
}

/** Without the members that are undefined, at any depth: YAML has none either. */
function pruned<T>(value: T): T
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => pruned(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, pruned(member)]])),
  )
}
