// The four kinds of document, and the check that makes one of an unknown value.
import type { z } from 'zod'
import { nearest } from '../base/index.ts'
import { check } from './check/check.ts'
import { isMapping, show } from './check/words.ts'
import type { Finding } from './finding.ts'
import { type PipelineDocument, pipelineSchema } from './pipeline.ts'
import { type RunDocument, runSchema } from './run.ts'
import { API_VERSION } from './shared.ts'
import { type StorageDocument, storageSchema } from './storage.ts'
import { type WorkerPoolDocument, workerPoolSchema } from './worker-pool.ts'

/** kind → its schema. */
export const KINDS = {
  ETLPipeline: pipelineSchema,
  ETLRun: runSchema,
  ETLStorage: storageSchema,
  ETLWorkerPool: workerPoolSchema,
} as const
export type Kind = keyof typeof KINDS

/** A document that has been checked, typed by its kind. */
export type ManifestDocument =
  | { kind: 'ETLPipeline'; value: PipelineDocument }
  | { kind: 'ETLRun'; value: RunDocument }
  | { kind: 'ETLStorage'; value: StorageDocument }
  | { kind: 'ETLWorkerPool'; value: WorkerPoolDocument }

export interface CheckedDocument {
  /** Absent when there are findings. */
  document?: ManifestDocument
  findings: Finding[]
}

/** Checks a value that claims to be one of the kinds. */
export function checkDocument(value: unknown): CheckedDocument {
  if (!isMapping(value))
    return {
      findings: [
        { code: 'WrongType', path: [], message: 'the document is no mapping', hint: 'start with apiVersion and kind' },
      ],
    }
  const head = [...checkApiVersion(value['apiVersion']), ...checkKind(value['kind'])]
  const kind = value['kind']
  if (head.length > 0 || !isKind(kind)) return { findings: head }
  switch (kind) {
    case 'ETLPipeline':
      return checked(pipelineSchema, value, (valid) => ({ kind, value: valid }))
    case 'ETLRun':
      return checked(runSchema, value, (valid) => ({ kind, value: valid }))
    case 'ETLStorage':
      return checked(storageSchema, value, (valid) => ({ kind, value: valid }))
    case 'ETLWorkerPool':
      return checked(workerPoolSchema, value, (valid) => ({ kind, value: valid }))
    default:
      return kind satisfies never
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, wrap: (valid: T) => ManifestDocument): CheckedDocument {
  const findings = check(schema, value)
  if (findings.length > 0) return { findings }
  const result = schema.safeParse(value)
  if (result.success) return { document: wrap(result.data), findings }
  return {
    findings: result.error.issues.map(({ path, message }) => ({
      code: 'InvalidValue',
      path: path.map((segment) => (typeof segment === 'number' ? segment : String(segment))),
      message,
      hint: 'choose another value',
    })),
  }
}

const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(KINDS, kind)

function checkApiVersion(given: unknown): Finding[] {
  if (given === API_VERSION) return []
  const hint = `write apiVersion: ${API_VERSION}`
  if (given === undefined || given === null)
    return [{ code: 'MissingField', path: ['apiVersion'], message: 'the document has no "apiVersion"', hint }]
  return [{ code: 'UnknownApiVersion', path: ['apiVersion'], message: `apiVersion ${show(given)} is unknown`, hint }]
}

function checkKind(given: unknown): Finding[] {
  const known = Object.keys(KINDS)
  const hint = `use one of ${known.join(', ')}`
  if (given === undefined || given === null)
    return [{ code: 'MissingField', path: ['kind'], message: 'the document has no "kind"', hint }]
  if (isKind(given)) return []
  const near = typeof given === 'string' ? nearest(given, known) : undefined
  return [
    {
      code: 'UnknownKind',
      path: ['kind'],
      message: `kind ${show(given)} is unknown`,
      hint: near === undefined ? hint : `did you mean "${near}"?`,
    },
  ]
}

/** The name of a document, or its generateName. */
export function nameOf({ value }: ManifestDocument): string {
  return value.metadata.name ?? value.metadata.generateName ?? ''
}
