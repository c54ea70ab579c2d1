// Lets an instance reach what it may reach of an S3 store, through the engine's httpfs extension.
//
// SA1 A secret is for one bucket, lives in memory, and is made before anything of a user's is run. No query sees its secret part,
//     and no fault quotes the statement that makes it.
// SA2 A place is taken as it is written: a name is no pattern and has no parameters, so that no query leads elsewhere by them.
import type { DuckDBConnection } from '@duckdb/node-api'
import { Fault, parseObjectUri } from '../../base/index.ts'
import { type S3Access, s3ConnectionOf } from '../../formats/index.ts'
import type { ObjectStoreBinding } from '../../plan/index.ts'
import { identifier, textLiteral } from '../../step/index.ts'

/** The extension that reads and writes objects. */
export const S3_EXTENSION = 'httpfs'

/** Seven tries, in about thirteen seconds. */
const RETRIES = ['http_timeout = 30', 'http_retries = 6', 'http_retry_wait_ms = 200', 'http_retry_backoff = 2']

/** The buckets among places. */
export function bucketsOf(places: readonly string[]): string[] {
  return [...new Set(places.flatMap((place) => parseObjectUri(place)?.bucket ?? []))]
}

/** The extension must be loaded. @throws Fault missing CredentialsMissing, RegionMissing */
export async function openS3(
  connection: DuckDBConnection,
  buckets: readonly string[],
  objectStore: ObjectStoreBinding | undefined,
): Promise<void> {
  const access = await s3ConnectionOf(objectStore).access()
  const settings = ['allow_persistent_secrets = false', 's3_url_compatibility_mode = true', ...RETRIES]
  await connection.run(settings.map((setting) => `SET ${setting}`).join('; '))
  for (const bucket of buckets)
    await connection.run(secretSql(bucket, access)).catch(() => {
      throw new Fault({
        kind: 'defect',
        code: 'SecretRefused',
        message: `cannot reach bucket "${bucket}": the engine does not take the credentials; please report it`,
      })
    })
}

function secretSql(bucket: string, { credentials, region, endpoint, tls, pathStyle }: S3Access): string {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const options = [
    'TYPE s3',
    `KEY_ID ${textLiteral(accessKeyId)}`,
    `SECRET ${textLiteral(secretAccessKey)}`,
    ...(sessionToken === undefined ? [] : [`SESSION_TOKEN ${textLiteral(sessionToken)}`]),
    `REGION ${textLiteral(region)}`,
    ...(endpoint === undefined ? [] : [`ENDPOINT ${textLiteral(endpoint)}`]),
    `URL_STYLE ${pathStyle ? "'path'" : "'vhost'"}`,
    `USE_SSL ${tls}`,
    `SCOPE ${textLiteral(`s3://${bucket}`)}`,
  ]
  return `CREATE SECRET ${identifier(`bucket ${bucket}`)} (${options.join(', ')})`
}
