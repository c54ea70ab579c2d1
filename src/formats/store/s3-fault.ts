// What went wrong with an S3 store, as a fault: by the store's own code, else by the status, else by how the network failed.
import { asFault, Fault, type FaultKind } from '../../base/index.ts'

interface Treatment {
  kind: FaultKind
  code: string
  why: string
  wayOut: string
}

const DENIED: Treatment = {
  kind: 'denied',
  code: 'AccessDenied',
  why: 'the store denies it',
  wayOut: 'check the credentials and what they may do with the bucket',
}
const SLOW_DOWN: Treatment = {
  kind: 'transient',
  code: 'SlowDown',
  why: 'the store asks for fewer requests, time and again',
  wayOut: 'try again later, or run fewer steps at the same time',
}
const UNAVAILABLE: Treatment = {
  kind: 'transient',
  code: 'StoreUnavailable',
  why: 'the store does not answer',
  wayOut: 'check its endpoint, and that it is up',
}

const BY_CODE: Record<string, Treatment> = {
  NoSuchBucket: {
    kind: 'missing',
    code: 'BucketNotFound',
    why: 'there is no such bucket',
    wayOut: 'make it, or correct the place in the storage',
  },
  CredentialsProviderError: {
    kind: 'missing',
    code: 'CredentialsMissing',
    why: 'there are no credentials',
    wayOut:
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; on Kubernetes name a Secret in objectStore.s3.credentials of the storage',
  },
  PermanentRedirect: {
    kind: 'invalid',
    code: 'WrongRegion',
    why: 'the bucket is in another region',
    wayOut: 'correct objectStore.s3.region of the storage',
  },
  NotImplemented: {
    kind: 'invalid',
    code: 'StoreLacksFeature',
    why: 'the store does not know how to',
    wayOut: 'use one that has conditional writes',
  },
}
for (const name of ['SlowDown', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequests'])
  BY_CODE[name] = SLOW_DOWN
for (const name of ['AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'])
  BY_CODE[name] = BY_CODE['PermanentRedirect'] ?? DENIED

/** @param what like `read "a/b" in "s3://lake"`. Texts of the store are left out: they can quote what was signed. */
export function s3Fault(what: string, thrown: unknown): Fault {
  // an error of ours is none of the store's
  if (thrown instanceof Fault || thrown instanceof TypeError || thrown instanceof RangeError) return asFault(thrown)
  const { name, status, network } = factsOf(thrown)
  const { kind, code, why, wayOut } = treatmentOf(thrown)
  const details = [name, status === undefined ? network : `HTTP ${status}`].filter((text) => text !== undefined)
  return new Fault({
    kind,
    code,
    message: `cannot ${what}: ${why}${details.length === 0 ? '' : ` (${details.join(', ')})`}; ${wayOut}`,
  })
}

function treatmentOf(thrown: unknown): Treatment {
  const { name, status } = factsOf(thrown)
  const known = name === undefined ? undefined : BY_CODE[name]
  if (known !== undefined) return known
  if (thrown instanceof Error && /region is missing/i.test(thrown.message))
    return {
      kind: 'missing',
      code: 'RegionMissing',
      why: 'no region is given',
      wayOut: 'set objectStore.s3.region of the storage, or AWS_REGION',
    }
  return byStatus(status)
}

/** Also for what the engine says of a store. @param status of the last answer; undefined: there was none */
export function byStatus(status: number | undefined): Treatment {
  if (status === undefined || status === 408 || (status >= 500 && status !== 503)) return UNAVAILABLE
  if (status === 401 || status === 403) return DENIED
  if (status === 429 || status === 503) return SLOW_DOWN
  return {
    kind: 'invalid',
    code: 'StoreRefused',
    why: 'the store refuses it',
    wayOut: 'check the place and the objectStore of the storage',
  }
}

function factsOf(thrown: unknown): { name?: string; status?: number; network?: string } {
  if (typeof thrown !== 'object' || thrown === null) return {}
  const { name, $metadata, code } = thrown as {
    name?: unknown
    $metadata?: { httpStatusCode?: number }
    code?: unknown
  }
  const status = $metadata?.httpStatusCode
  return {
    ...(typeof name === 'string' && /^[A-Z][A-Za-z]+$/.test(name) && name !== 'Error' ? { name } : {}),
    ...(status === undefined ? {} : { status }),
    ...(typeof code === 'string' ? { network: code } : {}),
  }
}
