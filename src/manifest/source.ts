// The `sources` of a step: alias → exactly one kind.
import { z } from 'zod'
import { atMostOne, exactlyOne, rules } from './rule.ts'
import { columnField, columnsField, identifierField, nameField, pathField, tableRefField } from './shared.ts'

const predicate = z.string().min(1).max(8192)

const tableSource = z
  .strictObject({
    ref: tableRefField('Logical name of the table, mapped to a place by the storage.'),
    where: z
      .union([predicate, z.array(predicate).min(1).max(32)])
      .optional()
      .describe(
        'SQL predicate, or several that must all hold. May use $(params.NAME). Prunes files by partition and statistics.',
      ),
    columns: columnsField('Only these columns, in this order. Predicates may use others.').optional(),
    version: z.int().min(0).optional().describe('Time travel: the table as of this version.'),
    timestamp: z
      .string()
      .max(64)
      .optional()
      .describe(
        'Time travel: the last version at or before this instant (ISO 8601; a $(params.NAME) of type timestamp or date).',
      ),
  })
  .meta({
    description: 'Reads a Delta table.',
    ...rules(atMostOne('version', 'timestamp')),
  })

const inferSchemaLength = z
  .int()
  .min(1)
  .max(1_000_000_000)
  .nullable()
  .optional()
  .describe('Rows looked at to find the column types; null = the whole file. Default 20480.')

const csvReadOptions = z
  .strictObject({
    separator: z.string().length(1).optional().describe('Column separator. Default ",".'),
    header: z.boolean().optional().describe('The first row holds the column names. Default true.'),
    nullValues: z.array(z.string().max(64)).max(16).optional().describe('Texts that mean null, besides the empty one.'),
    encoding: z.enum(['utf-8', 'utf-16', 'latin-1']).optional().describe('Text encoding. Default utf-8.'),
    inferSchemaLength,
    skipRows: z.int().min(0).max(1_000_000).optional().describe('Lines to skip before the header. Default 0.'),
    types: z
      .record(z.string().max(255), z.string().max(255))
      .optional()
      .describe('Column → SQL type, instead of what would be found.'),
  })
  .describe('Options of csv files.')

const jsonReadOptions = z.strictObject({ inferSchemaLength }).describe('Options of newline-delimited JSON files.')
const xlsxReadOptions = z
  .strictObject({
    sheet: z.string().max(64).optional().describe('Sheet to read. Default: the first.'),
    header: z.boolean().optional().describe('The first row holds the column names. Default true.'),
  })
  .describe('Options of Excel files.')

export const fileLocationFields = {
  path: pathField(
    'Path below the file root of the storage (locally: the folder of the manifest), or absolute. May use $(params.NAME | FILTER).',
  ).optional(),
  alias: nameField("Name of one of the storage's files, instead of a path.").optional(),
}
export const onePlace = rules(exactlyOne('path', 'alias'))

const fileSource = z
  .strictObject({
    ...fileLocationFields,
    format: z
      .enum(['csv', 'json', 'parquet', 'xlsx'])
      .describe('csv, json (newline-delimited), parquet or xlsx. csv and json may be gzipped (.gz).'),
    csv: csvReadOptions.optional(),
    json: jsonReadOptions.optional(),
    xlsx: xlsxReadOptions.optional(),
  })
  .meta({ description: 'Reads one or more files; the path may be a glob.', ...onePlace })

const tempSource = z
  .strictObject({ name: nameField('Name that an earlier step wrote with a temp target.') })
  .describe('Reads an intermediate result.')

const rowsSource = z
  .strictObject({
    values: z
      .array(z.record(z.string().max(255), z.unknown()))
      .max(1000)
      .meta({
        description: 'The rows: column → value. A value that is just $(params.NAME) becomes that param.',
        'x-kubernetes-preserve-unknown-fields': true,
      }),
    columns: z
      .array(
        z.strictObject({ name: columnField('Column name.'), type: z.string().min(1).max(255).describe('SQL type.') }),
      )
      .max(1000)
      .optional()
      .describe(
        'Names and SQL types of columns that come first, in this order. The others follow in alphabetical order; values that are a param have its type.',
      ),
  })
  .describe('Rows written in the manifest.')

const sourceSchema = z
  .strictObject({
    table: tableSource.optional(),
    file: fileSource.optional(),
    temp: tempSource.optional(),
    rows: rowsSource.optional(),
  })
  .meta({
    description: 'Where rows come from: exactly one of table, file, temp, rows.',
    ...rules(exactlyOne('table', 'file', 'temp', 'rows')),
  })

export const sourcesSchema = z.record(identifierField('Alias.'), sourceSchema).meta({
  description: 'Alias → where its rows come from. The body sees each source under its alias.',
  maxProperties: 64,
})

export type SourceSpec = z.infer<typeof sourceSchema>
