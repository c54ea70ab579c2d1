// The `target` of a step: exactly one kind; a table target has at most one write mode (none = replace).
import { z } from 'zod'
import { atMostOne, exactlyOne, rules } from './rule.ts'
import { columnsField, nameField, scalarField, tableRefField } from './shared.ts'
import { fileLocationFields, onePlace } from './source.ts'

const partitionBy = columnsField('Partition columns of the table, used when this write creates it.').optional()

const upsert = z
  .strictObject({
    keys: columnsField('Columns that identify a row.').optional(),
    partitionBy: columnsField('Partition columns; part of the identity, and they limit what is read.').optional(),
    include: columnsField('Only these columns are updated on a match.').optional(),
    exclude: columnsField('These columns are never updated on a match.').optional(),
  })
  .describe('Updates rows by key and inserts the others.')

const WRITE_MODE_FIELDS = {
  append: z.strictObject({ partitionBy }).optional().describe('Adds the rows.'),
  replace: z.strictObject({ partitionBy }).optional().describe('Replaces the whole contents. The default.'),
  replacePartitions: z
    .strictObject({ by: columnsField('Partition columns.').optional() })
    .optional()
    .describe('Replaces every combination of the partition columns that occurs in the rows.'),
  replacePartition: z
    .strictObject({
      values: z
        .record(z.string().max(255), scalarField)
        .meta({
          description: 'Column → value. A value that is just $(params.NAME) becomes that param.',
          'x-kubernetes-preserve-unknown-fields': true,
        })
        .optional(),
    })
    .optional()
    .describe('Replaces the rows that have these values; the new rows must have them too.'),
  replaceWhere: z
    .strictObject({
      predicate: z.string().min(1).max(8192).describe('SQL predicate; may use $(params.NAME).'),
      partitionBy,
    })
    .optional()
    .describe('Replaces the rows for which the predicate holds; it must hold for the new rows too.'),
  upsert: upsert.optional(),
}

export const WRITE_MODE_KEYS = [
  'append',
  'replace',
  'replacePartitions',
  'replacePartition',
  'replaceWhere',
  'upsert',
] as const
export type WriteMode = (typeof WRITE_MODE_KEYS)[number]

const tableTarget = z
  .strictObject({
    ref: tableRefField('Logical name of the table, mapped to a place by the storage.'),
    ...WRITE_MODE_FIELDS,
    schema: z
      .enum(['strict', 'evolve', 'overwrite'])
      .optional()
      .describe(
        'What to do when the columns differ from the table: strict refuses, evolve adds new columns, overwrite takes the new schema. Default strict.',
      ),
    dropExtraColumns: z
      .boolean()
      .optional()
      .describe('With schema strict: drop columns that the table lacks, instead of refusing them.'),
    failOnEmpty: z.boolean().optional().describe('Fail when the result has no rows.'),
  })
  .meta({
    description: 'Writes a Delta table.',
    ...rules(atMostOne(...WRITE_MODE_KEYS)),
  })

const fileTarget = z
  .strictObject({
    ...fileLocationFields,
    format: z.enum(['csv', 'json', 'parquet', 'xlsx']).describe('csv, json (newline-delimited), parquet or xlsx.'),
    csv: z
      .strictObject({
        separator: z.string().length(1).optional().describe('Column separator. Default ",".'),
        header: z.boolean().optional().describe('Write the column names first. Default true.'),
        nullValue: z.string().max(64).optional().describe('Text for null. Default empty.'),
      })
      .optional()
      .describe('Options of csv files.'),
    parquet: z
      .strictObject({
        compression: z.enum(['zstd', 'snappy', 'gzip', 'uncompressed']).optional().describe('Default zstd.'),
      })
      .optional()
      .describe('Options of parquet files.'),
    xlsx: z
      .strictObject({ header: z.boolean().optional().describe('Write the column names first. Default true.') })
      .optional()
      .describe('Options of Excel files.'),
  })
  .meta({ description: 'Writes one file, replaced as a whole.', ...onePlace })

const tempTarget = z
  .strictObject({
    name: nameField('Name under which later steps read it.'),
    scope: z
      .enum(['run', 'correlation'])
      .optional()
      .describe(
        'run: gone when the run ends. correlation: kept until a run with the same correlation id succeeds. Default run.',
      ),
    append: z.boolean().optional().describe('Several steps may each add their part. Default false.'),
  })
  .describe('Keeps the rows as an intermediate result.')

export const targetSchema = z
  .strictObject({ table: tableTarget.optional(), file: fileTarget.optional(), temp: tempTarget.optional() })
  .meta({
    description: 'Where rows go: exactly one of table, file, temp.',
    ...rules(exactlyOne('table', 'file', 'temp')),
  })

export type TargetSpec = z.infer<typeof targetSchema>
export type TableTargetSpec = z.infer<typeof tableTarget>
