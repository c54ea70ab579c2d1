// Pieces that several kinds share. Every field has a description: it is what `kubectl explain` and editors show.
import { z } from 'zod'
import { DURATION_PATTERN, ID_PATTERN, IDENTIFIER_PATTERN, NAME_PATTERN, TABLE_REF_PATTERN } from '../base/index.ts'
import { atLeastOne, rules } from './rule.ts'

export const API_VERSION = 'loom.etl/v1alpha1'

export const nameField = (what: string) =>
  z.string().regex(new RegExp(NAME_PATTERN), 'lower case letters, digits, - and _, at most 63').describe(what)
export const identifierField = (what: string) =>
  z.string().regex(new RegExp(IDENTIFIER_PATTERN), 'a letter or _, then letters, digits and _').describe(what)
export const tableRefField = (what: string) =>
  z.string().max(200).regex(new RegExp(TABLE_REF_PATTERN), 'two or three dotted names, like raw.orders').describe(what)
export const idField = (what: string) =>
  z.string().regex(new RegExp(ID_PATTERN), 'letters, digits, dot, - and _, at most 128').describe(what)
export const durationField = (what: string) =>
  z.string().max(32).regex(new RegExp(DURATION_PATTERN), 'a duration like 90s, 5m or 1h30m').describe(what)
export const columnField = (what: string) => z.string().min(1).max(255).describe(what)
export const columnsField = (what: string) => z.array(columnField('A column name.')).min(1).max(1000).describe(what)
export const pathField = (what: string) => z.string().min(1).max(1024).describe(what)

/** Any JSON scalar; its meaning depends on the type that is expected. */
export const scalarField = z.union([z.string(), z.number(), z.boolean(), z.null()])

const metadataSchema = z
  .looseObject({
    name: nameField('Name of the object.').optional(),
    generateName: z
      .string()
      .max(63)
      .optional()
      .describe('Prefix of a name that the server makes; for `kubectl create`.'),
    namespace: z.string().max(63).optional().describe('Namespace.'),
    labels: z.record(z.string(), z.string()).optional().describe('Labels.'),
    annotations: z.record(z.string(), z.string()).optional().describe('Annotations.'),
  })
  .meta({ description: 'Standard object metadata.', ...rules(atLeastOne('name', 'generateName')) })

/** A document of one kind around its spec. */
export const documentOf = <K extends string, S extends z.ZodType>(kind: K, spec: S) =>
  z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata: metadataSchema,
    spec,
    status: z.unknown().optional().describe('Written by the operator; ignored here.'),
  })
