// The way to one S3 store: the client, loaded when it is first needed, and the credentials that the environment gives.
//
// S1 Every request has a time limit and is tried again a bounded number of times.
// S2 No credential, and no text of the store's own, gets into a fault: such text can quote what was signed.
import type { S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import type { ObjectStoreBinding } from '../../plan/index.ts'
import { s3Fault } from './s3-fault.ts'

type Sdk = typeof import('@aws-sdk/client-s3')

export interface S3Limits {
  /** Of one try of a request. */
  timeoutMs: number
  /** Tries of a request, the first one too. */
  tries: number
}

const LIMITS: S3Limits = { timeoutMs: 30_000, tries: 6 }

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

/** What the engine needs to reach the store itself. */
export interface S3Access {
  credentials: S3Credentials
  region: string
  /** Host and port; undefined: of AWS. */
  endpoint: string | undefined
  tls: boolean
  pathStyle: boolean
}

interface Loaded {
  sdk: Sdk
  client: S3Client
}

export class S3Connection {
  readonly #settings: ObjectStoreBinding['s3']
  readonly #limits: S3Limits
  #loaded: Promise<Loaded> | undefined

  constructor(settings: ObjectStoreBinding['s3'], limits: S3Limits = LIMITS) {
    this.#settings = settings
    this.#limits = limits
  }

  /** @throws Fault of s3-fault.ts, in which `what` says what was tried */
  async send<T>(what: string, request: (loaded: Loaded) => Promise<T>): Promise<T> {
    try {
      return await request(await this.#load())
    } catch (thrown) {
      throw s3Fault(what, thrown)
    }
  }

  /** @throws Fault missing CredentialsMissing, RegionMissing */
  async access(): Promise<S3Access> {
    const { endpoint, pathStyle } = this.#settings
    const url = endpoint === null ? undefined : new URL(endpoint)
    return await this.send('reach the store', async ({ client: { config } }) => ({
      credentials: await config.credentials(),
      region: await config.region(),
      endpoint: url?.host,
      tls: url?.protocol !== 'http:',
      pathStyle,
    }))
  }

  async #load(): Promise<Loaded> {
    this.#loaded ??= import('@aws-sdk/client-s3').then((sdk) => ({ sdk, client: this.#open(sdk) }))
    return await this.#loaded
  }

  #open(sdk: Sdk): S3Client {
    const { endpoint, region, pathStyle } = this.#settings
    const { timeoutMs, tries } = this.#limits
    return new sdk.S3Client({
      ...(endpoint === null ? {} : { endpoint }),
      ...(region === null ? {} : { region }),
      forcePathStyle: pathStyle,
      maxAttempts: tries,
      requestHandler: {
        connectionTimeout: Math.min(timeoutMs, 5000),
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
        socketTimeout: timeoutMs,
      },
      // checksums that not every store knows
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    })
  }
}

const connections = new Map<string, S3Connection>()

/** One for all who want the same store. */
export function s3ConnectionOf(binding: ObjectStoreBinding | undefined): S3Connection {
  const settings = binding?.s3 ?? { endpoint: null, region: null, pathStyle: false, credentialsSecret: null }
  const key = JSON.stringify(settings)
  const known = connections.get(key) ?? new S3Connection(settings)
  connections.set(key, known)
  return known
}

export const statusOf = (thrown: unknown): number | undefined =>
  (thrown as Partial<S3ServiceException> | undefined)?.$metadata?.httpStatusCode
