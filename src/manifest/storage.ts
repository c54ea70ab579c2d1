// ETLStorage: where tables, files and temps lie. Written by platform engineers; locally it may be left out.
import { z } from 'zod'
import { objectStoreSchema } from './object-store.ts'
import { storagePodsSchema } from './pod-settings.ts'
import { documentOf, nameField, tableRefField } from './shared.ts'

const uri = (what: string, objects = ', s3://bucket/path') =>
  z
    .string()
    .min(1)
    .max(1024)
    .describe(`${what} An absolute path, a file:// URI${objects}, or (locally) a path relative to the working folder.`)

const tablePath = z
  .strictObject({
    uri: uri('Folder of the table, or root of all tables.'),
    targetFileSize: z
      .string()
      .regex(/^[1-9][0-9]{0,5}(Ki|Mi|Gi)$/, 'a size like 128Mi')
      .optional()
      .describe('Size that data files should have at most, like 128Mi.'),
    properties: z
      .record(z.string().max(128), z.string().max(1024))
      .optional()
      .describe('Delta table properties, set when the table is created.'),
  })
  .describe('A place for tables.')

export const storageSpecSchema = z
  .strictObject({
    defaults: z
      .strictObject({
        tablePath: tablePath
          .optional()
          .describe('Root of all tables that are not listed: raw.orders lies at <root>/raw/orders.'),
        modulePath: z
          .strictObject({ uri: uri('Folder where the paths of code modules start.', '') })
          .optional()
          .describe('Root of code modules. Locally: the folder of the manifest.'),
        filePath: z
          .strictObject({ uri: uri('Folder where relative file paths start.') })
          .optional()
          .describe('Root of files.'),
      })
      .optional()
      .describe('Places of what is not listed.'),
    tables: z
      .array(
        z
          .strictObject({ name: tableRefField('Logical name.'), path: tablePath })
          .describe('A table with a place of its own.'),
      )
      .max(1000)
      .optional()
      .meta({
        description: 'Tables with a place of their own.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
    files: z
      .array(
        z
          .strictObject({
            name: nameField('Name.'),
            path: z.strictObject({ uri: uri('The file.') }).describe('Place.'),
          })
          .describe('A named file.'),
      )
      .max(1000)
      .optional()
      .meta({
        description: 'Named files, for `file: {alias: NAME}`.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
    temp: z
      .strictObject({ root: uri('Folder of temps and, unless it is in an object store, of run records.') })
      .optional()
      .describe('Where intermediate results lie.'),
    objectStore: objectStoreSchema.optional(),
    pods: storagePodsSchema.optional(),
    nats: z
      .strictObject({
        credentialsRef: z
          .strictObject({ name: z.string().min(1).max(253).describe('Name of the Secret, in the same namespace.') })
          .describe(
            'Secret with the credentials of the workers: nats.creds, or username and password, or token; for TLS also ca.crt, tls.crt and tls.key.',
          ),
      })
      .optional()
      .describe('What the workers of this namespace use to reach the broker.'),
    missingTablePolicy: z
      .enum(['create', 'schemaMode', 'error'])
      .optional()
      .describe(
        'What a write to a missing table does: create it, create it only with schema overwrite, or fail. Default create.',
      ),
  })
  .describe('Where things lie.')

export const storageSchema = documentOf('ETLStorage', storageSpecSchema)
export type StorageDocument = z.infer<typeof storageSchema>
export type StorageSpec = z.infer<typeof storageSpecSchema>
