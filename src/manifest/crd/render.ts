// The CustomResourceDefinitions as YAML, one file per kind. The text depends on the schemas only.
import type { z } from 'zod'
import type { Kind } from '../document.ts'
import { pipelineSpecSchema } from '../pipeline.ts'
import { runSpecSchema } from '../run.ts'
import { API_VERSION, nameField } from '../shared.ts'
import { runStatusSchema } from '../status.ts'
import { storageSpecSchema } from '../storage.ts'
import { workerPoolSpecSchema } from '../worker-pool.ts'
import { workerPoolStatusSchema } from '../worker-pool-status.ts'
import { toStructural } from './convert.ts'
import { crdText } from './crd-text.ts'
import { fixedAfterStart, onlyGrows } from './fixed-fields.ts'
import { structuralProblems } from './structural.ts'
import type { StructuralSchema } from './structural-schema.ts'

export interface RenderedCrd {
  /** File name without its ending: `etlpipelines`. */
  name: string
  yaml: string
}

interface PrinterColumn {
  name: string
  type: 'string' | 'integer' | 'date'
  jsonPath: string
  description: string
  /** 1 = only with `-o wide`. */
  priority?: 1
}

/** What a kind is to the API server and to the reference pages. */
export interface CrdKind {
  kind: Kind
  /** Of the object; absent: whatever is a name in Kubernetes. */
  name?: z.ZodType
  plural: string
  shortName: string
  description: string
  spec: z.ZodType
  status?: z.ZodType
  columns: PrinterColumn[]
  /** Fields of the spec that may be changed after the start; absent: all. */
  mutableAfterStart?: readonly string[]
  /** Numbers of the spec that may not become less. */
  growing?: readonly string[]
}

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was made.',
}

export const CRD_KINDS: readonly CrdKind[] = [
  {
    kind: 'ETLPipeline',
    plural: 'etlpipelines',
    shortName: 'etlp',
    description: 'A pipeline: params, processes and steps. Nothing runs until an ETLRun names it.',
    spec: pipelineSpecSchema,
    columns: [
      { name: 'Description', type: 'string', jsonPath: '.spec.description', description: 'What the pipeline is for.' },
      age,
    ],
  },
  {
    kind: 'ETLRun',
    plural: 'etlruns',
    shortName: 'etlr',
    description: 'One execution of a pipeline.',
    spec: runSpecSchema,
    status: runStatusSchema,
    mutableAfterStart: ['suspend', 'cancel', 'restarts', 'ttlAfterFinished'],
    growing: ['restarts'],
    columns: [
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the run is.' },
      { name: 'Reason', type: 'string', jsonPath: '.status.reason', description: 'Why it is there.' },
      { name: 'Progress', type: 'string', jsonPath: '.status.progress', description: 'Steps done of steps to do.' },
      { name: 'Rows', type: 'integer', jsonPath: '.status.rows', description: 'Rows written.' },
      { name: 'Duration', type: 'string', jsonPath: '.status.duration', description: 'How long it took.' },
      age,
      {
        name: 'Pipeline',
        type: 'string',
        jsonPath: '.spec.pipelineRef.name',
        description: 'The pipeline that it runs.',
        priority: 1,
      },
      { name: 'Message', type: 'string', jsonPath: '.status.message', description: 'Why, in words.', priority: 1 },
    ],
  },
  {
    kind: 'ETLStorage',
    plural: 'etlstorages',
    shortName: 'etls',
    description: 'Where tables, files and temps lie, and what runs may use.',
    spec: storageSpecSchema,
    columns: [
      {
        name: 'Tables',
        type: 'string',
        jsonPath: '.spec.defaults.tablePath.uri',
        description: 'Root of the tables that are not listed.',
      },
      age,
    ],
  },
  {
    kind: 'ETLWorkerPool',
    // it is one word of a subject
    name: nameField('Name of the pool.'),
    plural: 'etlworkerpools',
    shortName: 'etlw',
    description: 'Standing warm workers of a namespace, to which runs hand out steps.',
    spec: workerPoolSpecSchema,
    status: workerPoolStatusSchema,
    columns: [
      { name: 'Ready', type: 'string', jsonPath: '.status.ready', description: 'Workers ready, of those wanted.' },
      { name: 'Busy', type: 'integer', jsonPath: '.status.busy', description: 'Workers that have a step.' },
      { name: 'Backlog', type: 'integer', jsonPath: '.status.backlog', description: 'Steps that wait for a worker.' },
      { name: 'Storage', type: 'string', jsonPath: '.status.storage', description: 'The storage they serve.' },
      { name: 'Reason', type: 'string', jsonPath: '.status.reason', description: 'How the pool is.' },
      age,
      { name: 'Min', type: 'integer', jsonPath: '.spec.replicas.min', description: 'Workers, at least.', priority: 1 },
      { name: 'Max', type: 'integer', jsonPath: '.spec.replicas.max', description: 'Workers, at most.', priority: 1 },
      { name: 'Message', type: 'string', jsonPath: '.status.message', description: 'Why, in words.', priority: 1 },
    ],
  },
]

const [GROUP = '', VERSION = ''] = API_VERSION.split('/')

/**
 * All CRDs, for `kubectl apply`.
 * @throws Error when a schema is not structural, which is a mistake in it
 */
export function renderCrds(): RenderedCrd[] {
  for (const crd of CRD_KINDS) {
    const problems = structuralProblems(objectSchema(crd))
    if (problems.length > 0) throw new Error(`the schema of ${crd.kind} is not structural: ${problems.join('; ')}`)
  }
  return CRD_KINDS.map((crd) => ({
    name: crd.plural,
    yaml: `# Generated from src/manifest by \`make generate\`; do not edit.\n${crdText(definition(crd))}`,
  }))
}

function definition({ kind, plural, shortName, columns, ...rest }: CrdKind): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['etl'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: objectSchema(rest) },
        },
      ],
    },
  }
}

/** The schema of a whole object; its metadata is the API server's business, but for its name. */
function objectSchema({
  description,
  name,
  spec,
  status,
  mutableAfterStart,
  growing = [],
}: Pick<CrdKind, 'description' | 'name' | 'spec' | 'status' | 'mutableAfterStart' | 'growing'>): StructuralSchema {
  const structuralSpec = toStructural(spec)
  const fixed = mutableAfterStart === undefined ? [] : fixedAfterStart(structuralSpec, mutableAfterStart)
  const rules = [...fixed, ...growing.map(onlyGrows)]
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: `Version of this schema: ${API_VERSION}.`, type: 'string' },
      kind: { description: 'Kind of the object.', type: 'string' },
      metadata: { type: 'object', ...(name === undefined ? {} : { properties: { name: toStructural(name) } }) },
      spec: structuralSpec,
      status: status === undefined ? { description: 'Not used yet.', type: 'object' } : withoutGeneration(status),
    },
    ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': rules }),
  }
}

/** A new object's status says that nothing has been observed yet, so that kstatus never takes the object for done. */
function withoutGeneration(status: z.ZodType): StructuralSchema {
  return { ...toStructural(status), default: { observedGeneration: -1 } }
}
