// How an ETLStorage names the object store behind its s3:// places. Credentials are named, never held.
import { z } from 'zod'

const s3Schema = z
  .strictObject({
    endpoint: z
      .string()
      .max(1024)
      .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'an address like https://s3.example.com:9000, without a path')
      .optional()
      .describe('Address of the store, like https://s3.example.com:9000. Default: AWS, in the region.'),
    region: z
      .string()
      .max(64)
      .regex(/^[a-z0-9-]+$/, 'a region like eu-central-1')
      .optional()
      .describe('Region, like eu-central-1. Default: as the environment says (AWS_REGION).'),
    pathStyle: z
      .boolean()
      .optional()
      .describe('Whether buckets are named in the path and not in the host. Default: true with an endpoint.'),
    credentials: z
      .strictObject({
        secretRef: z
          .strictObject({
            name: z
              .string()
              .max(253)
              .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'the name of a Secret')
              .describe('Name of the Secret, in the namespace of the storage.'),
          })
          .describe(
            'Secret whose keys are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN. They become the environment of step pods; the operator never reads them. Local runs take them from their own environment.',
          ),
      })
      .optional()
      .describe('Default: what the environment of whoever runs a step has (a service account that has a role, say).'),
  })
  .describe('A store that speaks S3 and honours conditional writes (If-None-Match).')

export const objectStoreSchema = z.strictObject({ s3: s3Schema.optional() }).describe('How s3:// places are reached.')
