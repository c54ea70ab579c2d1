// Objects that the API server accepts, and objects that it refuses, with the words of the refusal. The local parser must give the
// same verdict on each, unless the case says otherwise. What neither sees (two steps of one name, say) is the compiler's to find.

import { API_VERSION } from '../../../src/manifest/index.ts'

export interface Case {
  /** What the object shows. */
  readonly why: string
  readonly object: Manifest
  /** What the server's refusal says; without it, the object is accepted. */
  readonly refused?: RegExp
  /** The local parser's verdict, where it is another one. */
  readonly locally?: 'accepted' | 'refused'
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Record<string, unknown>
  readonly [field: string]: unknown
}

type Fields = Record<string, unknown>

export function object(kind: string, spec: unknown): Manifest {
  return { apiVersion: API_VERSION, kind, metadata: { name: 'case' }, spec }
}

const STEP = { name: 'load', sources: { t: { table: { ref: 'raw.t' } } }, target: { table: { ref: 'mart.t' } } }

const pipeline = (spec: unknown) => object('ETLPipeline', spec)
const steps = (...items: unknown[]) => pipeline({ processes: [{ name: 'main', steps: items }] })
const step = (fields: Fields) => steps({ ...STEP, ...fields })
const source = (fields: Fields) => step({ sources: { s: fields } })
const target = (fields: Fields) => step({ target: fields })
const tableTarget = (fields: Fields) => target({ table: { ref: 'mart.t', ...fields } })
const params = (fields: Fields) => pipeline({ params: fields, processes: [{ name: 'main', steps: [STEP] }] })
const run = (fields: Fields) => object('ETLRun', { pipelineRef: { name: 'p' }, ...fields })
const storage = (fields: Fields) => object('ETLStorage', fields)
const pool = (fields: Fields) => object('ETLWorkerPool', { replicas: { max: 4 }, ...fields })

const ONE_OF_FOUR_SOURCES = /exactly one of table, file, temp, rows|oneOf|must validate one and only one schema/

const PIPELINES: readonly Case[] = [
  { why: 'a step that copies a table', object: steps(STEP) },
  {
    why: 'steps side by side',
    object: steps({ parallel: [STEP, { ...STEP, name: 'other' }] }, { ...STEP, name: 'last' }),
  },
  {
    why: 'processes side by side',
    object: pipeline({
      processes: [
        {
          parallel: [
            { name: 'a', steps: [STEP] },
            { name: 'b', steps: [{ ...STEP, name: 'x' }] },
          ],
        },
      ],
    }),
  },
  {
    why: 'a pipeline without spec',
    object: { apiVersion: API_VERSION, kind: 'ETLPipeline', metadata: { name: 'case' } },
    refused: /spec: Required value/,
  },
  { why: 'a pipeline without processes', object: pipeline({}), refused: /spec\.processes: Required value/ },
  {
    why: 'an empty list of processes',
    object: pipeline({ processes: [] }),
    refused: /processes: Invalid value: .*at least 1 items/,
  },
  {
    why: 'a process without a name',
    object: pipeline({ processes: [{ steps: [STEP] }] }),
    refused: /give parallel, or name and steps/,
  },
  {
    why: 'a process without steps',
    object: pipeline({ processes: [{ name: 'main' }] }),
    refused: /give parallel, or name and steps/,
  },
  {
    why: 'a process without any step',
    object: pipeline({ processes: [{ name: 'main', steps: [] }] }),
    refused: /at least 1 items/,
  },
  {
    why: 'a process that is a group too',
    object: pipeline({ processes: [{ name: 'main', steps: [STEP], parallel: [{ name: 'a', steps: [STEP] }] }] }),
    refused: /give a process or a group \{parallel: \[\.\.\.\]\}, not both/,
  },
  { why: 'a step without a name', object: steps({ target: STEP.target }), refused: /give parallel, or name/ },
  {
    why: 'a step that is a group too',
    object: steps({ ...STEP, parallel: [STEP] }),
    refused: /give a step or a group/,
  },
  { why: 'an empty group', object: steps({ parallel: [] }), refused: /at least 1 items/ },
  {
    why: 'a group in a group',
    object: steps({ parallel: [{ parallel: [STEP] }] }),
    refused: /name: Required value|unknown field/,
  },
  { why: 'names with digits, - and _', object: step({ name: '2013_load-all' }) },
  { why: 'a name with a capital', object: step({ name: 'Load' }), refused: /name: Invalid value: "Load"/ },
  { why: 'a name that ends with -', object: step({ name: 'load-' }), refused: /name: Invalid value/ },
  { why: 'a name of 64 characters', object: step({ name: 'a'.repeat(64) }), refused: /name: Invalid value/ },
  { why: 'two steps of one name', object: steps(STEP, STEP) },
  {
    why: 'an unknown field',
    object: step({ sqll: 'SELECT 1' }),
    refused: /unknown field "spec\.processes\[0\]\.steps\[0\]\.sqll"/,
  },
  { why: 'a body in SQL', object: step({ sql: 'SELECT * FROM t' }) },
  { why: 'an empty SQL', object: step({ sql: '' }), refused: /at least 1 chars long/ },
  { why: 'a body in code', object: step({ code: { inline: 'export default ({ sources }) => sources.t' } }) },
  {
    why: 'code of no kind',
    object: step({ code: { export: 'clean' } }),
    refused: /give exactly one of module, inline/,
  },
  {
    why: 'code of two kinds',
    object: step({ code: { module: 'a.ts', inline: 'x' } }),
    refused: /give exactly one of module, inline/,
  },
  {
    why: 'two bodies',
    object: step({ sql: 'SELECT 1', code: { module: 'a.ts' } }),
    refused: /give at most one of sql, code/,
  },
  {
    why: 'two bodies within a group',
    object: steps({ parallel: [{ ...STEP, sql: 'SELECT 1', code: { module: 'a.ts' } }] }),
    refused: /must validate one and only one schema|give at most one/,
  },
  { why: 'a time-out', object: step({ timeout: '1h30m' }) },
  { why: 'a time-out without a unit', object: step({ timeout: '90' }), refused: /timeout: Invalid value: "90"/ },
  { why: 'a time-out as a number', object: step({ timeout: 90 }), refused: /timeout: Invalid value: "integer"/ },
]

const PARAMS: readonly Case[] = [
  { why: 'a required param', object: params({ month: { type: 'date' } }) },
  { why: 'a list with a default', object: params({ carriers: { type: 'list', items: 'string', default: ['AA'] } }) },
  { why: 'a null as default', object: params({ month: { type: 'date', default: null } }) },
  { why: 'a param without a type', object: params({ month: {} }), refused: /type: Required value/ },
  { why: 'an unknown type', object: params({ month: { type: 'datum' } }), refused: /Unsupported value: "datum"/ },
  {
    why: 'items of no list',
    object: params({ month: { type: 'date', items: 'date' } }),
    refused: /items is only for type list/,
  },
  { why: 'an empty enum', object: params({ month: { type: 'date', enum: [] } }), refused: /at least 1 items/ },
]

const SOURCES: readonly Case[] = [
  {
    why: 'a table at a version',
    object: source({ table: { ref: 'raw.t', version: 3, columns: ['a'], where: ['a > 1'] } }),
  },
  { why: 'a table at a time', object: source({ table: { ref: 'raw.t', timestamp: '2013-01-01T00:00:00Z' } }) },
  {
    why: 'a table at a version and a time',
    object: source({ table: { ref: 'raw.t', version: 3, timestamp: '2013-01-01T00:00:00Z' } }),
    refused: /at most one of version, timestamp|must validate one and only one schema/,
  },
  {
    why: 'a table before its first version',
    object: source({ table: { ref: 'raw.t', version: -1 } }),
    refused: /greater than or equal to 0/,
  },
  { why: 'a table without a ref', object: source({ table: {} }), refused: /ref: Required value/ },
  {
    why: 'a table without a schema',
    object: source({ table: { ref: 'flights' } }),
    refused: /ref: Invalid value: "flights"/,
  },
  { why: 'no kind of source', object: source({}), refused: ONE_OF_FOUR_SOURCES },
  {
    why: 'two kinds of source',
    object: source({ table: { ref: 'raw.t' }, temp: { name: 'x' } }),
    refused: ONE_OF_FOUR_SOURCES,
  },
  {
    why: 'a file',
    object: source({
      file: { path: 'data/*.csv.gz', format: 'csv', csv: { nullValues: ['NA'], inferSchemaLength: null } },
    }),
  },
  { why: 'a file without a format', object: source({ file: { path: 'a.csv' } }), refused: /format: Required value/ },
  {
    why: 'a file of an unknown format',
    object: source({ file: { path: 'a.orc', format: 'orc' } }),
    refused: /Unsupported value: "orc"/,
  },
  {
    why: 'a file without path and alias',
    object: source({ file: { format: 'csv' } }),
    refused: /one of path, alias|must validate one and only one schema/,
  },
  {
    why: 'a file with path and alias',
    object: source({ file: { format: 'csv', path: 'a.csv', alias: 'landing' } }),
    refused: /one of path, alias|must validate one and only one schema/,
  },
  {
    why: 'a separator of two characters',
    object: source({ file: { path: 'a', format: 'csv', csv: { separator: '||' } } }),
    refused: /may not be more than 1|Too long/,
  },
  { why: 'rows with values of any type', object: source({ rows: { values: [{ a: 1, b: null, c: [1, 2], d: 'x' }] } }) },
  {
    why: 'rows that are no objects',
    object: source({ rows: { values: [1] } }),
    refused: /values\[0\]: Invalid value: "integer"/,
  },
  { why: 'a temp', object: source({ temp: { name: 'cleaned' } }) },
]

const TARGETS: readonly Case[] = [
  { why: 'a mode of writing', object: tableTarget({ upsert: { keys: ['id'] } }) },
  { why: 'no mode, which replaces', object: tableTarget({}) },
  {
    why: 'two modes of writing',
    object: tableTarget({ append: {}, replace: {} }),
    refused: /give at most one of append, replace,/,
  },
  {
    why: 'an unknown mode of writing',
    object: tableTarget({ merge: {} }),
    refused: /unknown field .*target\.table\.merge/,
  },
  {
    why: 'replaceWhere without a predicate',
    object: tableTarget({ replaceWhere: {} }),
    refused: /predicate: Required value/,
  },
  { why: 'an unknown schema rule', object: tableTarget({ schema: 'loose' }), refused: /Unsupported value: "loose"/ },
  { why: 'no kind of target', object: target({}), refused: /give exactly one of table, file, temp/ },
  {
    why: 'two kinds of target',
    object: target({ table: { ref: 'a.b' }, temp: { name: 'x' } }),
    refused: /give exactly one of table, file, temp/,
  },
  {
    why: 'a file target',
    object: target({ file: { path: 'out/a.parquet', format: 'parquet', parquet: { compression: 'zstd' } } }),
  },
  {
    why: 'an unknown compression',
    object: target({ file: { path: 'a', format: 'parquet', parquet: { compression: 'lz4' } } }),
    refused: /Unsupported value: "lz4"/,
  },
  { why: 'a temp for later runs', object: target({ temp: { name: 'cleaned', scope: 'correlation' } }) },
]

const RUNS: readonly Case[] = [
  { why: 'a run of a pipeline by name', object: run({}) },
  {
    why: 'a run with its pipeline inside',
    object: object('ETLRun', { pipeline: { processes: [{ name: 'main', steps: [STEP] }] } }),
  },
  { why: 'a run of nothing', object: object('ETLRun', {}), refused: /give exactly one of pipelineRef, pipeline/ },
  {
    why: 'a run of two pipelines',
    object: run({ pipeline: { processes: [{ name: 'main', steps: [STEP] }] } }),
    refused: /give exactly one of pipelineRef, pipeline/,
  },
  {
    why: 'a fault deep in the pipeline inside',
    object: object('ETLRun', { pipeline: { processes: [{ name: 'main', steps: [{ ...STEP, target: {} }] }] } }),
    refused: /spec\.pipeline\.processes\[0\]\.steps\[0\]\.target: .*give exactly one of table, file, temp/,
  },
  {
    why: 'a reference without a name',
    object: object('ETLRun', { pipelineRef: {} }),
    refused: /pipelineRef\.name: Required value/,
  },
  { why: 'params of any type', object: run({ params: { month: '2013-01-01', n: 3, list: ['a'], none: null } }) },
  { why: 'an include of nothing', object: run({ include: [] }), refused: /at least 1 items/ },
  { why: 'ids with dots and capitals', object: run({ runId: 'Run_1.a', correlationId: 'flights-2013.01' }) },
  { why: 'a run id with a slash', object: run({ runId: 'a/b' }), refused: /runId: Invalid value: "a\/b"/ },
  { why: 'a run id of 129 characters', object: run({ runId: 'a'.repeat(129) }), refused: /runId: Invalid value/ },
  { why: 'retries', object: run({ retry: { limit: 2, backoff: { initial: '10s', factor: 1.5, max: '5m' } } }) },
  { why: 'a negative number of retries', object: run({ retry: { limit: -1 } }), refused: /greater than or equal to 0/ },
  { why: 'half a retry', object: run({ retry: { limit: 1.5 } }), refused: /limit: Invalid value: "number"/ },
  {
    why: 'a wait that shrinks',
    object: run({ retry: { backoff: { factor: 0.5 } } }),
    refused: /greater than or equal to 1/,
  },
  {
    why: 'a time-to-live that is no duration',
    object: run({ ttlAfterFinished: 'never' }),
    refused: /ttlAfterFinished: Invalid value/,
  },
  { why: 'suspend as a text', object: run({ suspend: 'yes' }), refused: /suspend: Invalid value: "string"/ },
  { why: 'an engine that is not built', object: run({ engine: 'spark' }), refused: /Unsupported value: "spark"/ },
  { why: 'no step at a time', object: run({ dispatch: { maxParallel: 0 } }), refused: /greater than or equal to 1/ },
  {
    why: 'settings of the pods',
    object: run({
      step: {
        resources: { limits: { cpu: 2, memory: '1Gi' } },
        tolerations: [{ key: 'etl', operator: 'Exists' }],
        labels: { team: 'data' },
      },
    }),
  },
  {
    why: 'a Secret that the run would mount itself',
    object: run({ step: { volumes: [] } }),
    refused: /unknown field "spec\.step\.volumes"/,
  },
]

const STORAGES: readonly Case[] = [
  { why: 'a storage that says nothing', object: storage({}) },
  {
    why: 'a storage with tables, files, temps and pods',
    object: storage({
      defaults: { tablePath: { uri: '/lake', targetFileSize: '128Mi' }, filePath: { uri: '/landing' } },
      tables: [{ name: 'raw.orders', path: { uri: '/elsewhere', properties: { 'delta.appendOnly': 'true' } } }],
      files: [{ name: 'landing', path: { uri: '/landing/a.csv' } }],
      temp: { root: '/tmp/loom' },
      pods: {
        volumes: [{ name: 'lake', persistentVolumeClaim: { claimName: 'lake' } }],
        volumeMounts: [{ name: 'lake', mountPath: '/lake' }],
        allow: ['resources'],
      },
    }),
  },
  { why: 'a place without a uri', object: storage({ defaults: { tablePath: {} } }), refused: /uri: Required value/ },
  {
    why: 'a file size of no unit',
    object: storage({ defaults: { tablePath: { uri: '/a', targetFileSize: '128' } } }),
    refused: /targetFileSize: Invalid value/,
  },
  {
    why: 'two tables of one name',
    object: storage({ tables: [1, 2].map((n) => ({ name: 'raw.orders', path: { uri: `/${n}` } })) }),
    refused: /Duplicate value: .*raw\.orders/,
    locally: 'accepted',
  },
  {
    why: 'a mount without a volume',
    object: storage({ pods: { volumeMounts: [{ mountPath: '/x' }] } }),
    refused: /name: Required value/,
  },
  {
    why: 'a setting that nobody could allow',
    object: storage({ pods: { allow: ['volumes'] } }),
    refused: /Unsupported value: "volumes"/,
  },
  { why: 'an unknown policy', object: storage({ missingTablePolicy: 'ask' }), refused: /Unsupported value: "ask"/ },
]

const POOLS: readonly Case[] = [
  { why: 'a pool that says how many workers it may have', object: pool({}) },
  {
    why: 'a pool that says everything',
    object: pool({
      storageRef: { name: 'lake' },
      replicas: { min: 0, max: 20 },
      resources: { requests: { cpu: 2 }, limits: { memory: '4Gi' } },
      pod: { image: 'ghcr.io/acme/loom:1', nodeSelector: { disk: 'fast' }, labels: { team: 'data' } },
      paused: false,
      scaleDown: { coolDown: '90s' },
      drainTimeout: '1h',
      maxStepsPerProcess: 50,
    }),
  },
  { why: 'a pool of always the same size', object: pool({ replicas: { min: 3, max: 3 } }) },
  {
    why: 'a pool whose name has a dot',
    object: { ...pool({}), metadata: { name: 'warm.large' } },
    refused: /metadata\.name.*should match/,
  },
  { why: 'a pool without a size', object: object('ETLWorkerPool', {}), refused: /spec\.replicas: Required value/ },
  { why: 'a pool without a limit', object: pool({ replicas: { min: 1 } }), refused: /replicas\.max: Required value/ },
  {
    why: 'a pool with more workers than it may have',
    object: pool({ replicas: { min: 3, max: 2 } }),
    refused: /min must not be above max/,
  },
  { why: 'a pool of nobody', object: pool({ replicas: { max: 0 } }), refused: /greater than or equal to 1/ },
  {
    why: 'fewer workers than none',
    object: pool({ replicas: { min: -1, max: 1 } }),
    refused: /greater than or equal to 0/,
  },
  { why: 'half a worker', object: pool({ replicas: { max: 1.5 } }), refused: /max: Invalid value: "number"/ },
  {
    why: 'a cool-down without a unit',
    object: pool({ scaleDown: { coolDown: '90' } }),
    refused: /coolDown: Invalid value/,
  },
  {
    why: 'a Secret that the pool would mount itself',
    object: pool({ pod: { volumes: [] } }),
    refused: /unknown field "spec\.pod\.volumes"/,
  },
  {
    why: 'two places for the size of a worker',
    object: pool({ pod: { resources: {} } }),
    refused: /unknown field "spec\.pod\.resources"/,
  },
]

export const CASES: readonly Case[] = [...PIPELINES, ...PARAMS, ...SOURCES, ...TARGETS, ...RUNS, ...STORAGES, ...POOLS]
