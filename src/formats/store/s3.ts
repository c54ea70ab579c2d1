// An ObjectStore in an S3 bucket, below a key.
//
// Each object is made by one request, so it is there whole or not at all, and only if there was none where that is asked
// for (If-None-Match: *). A reply that got lost is not told from a race here: whoever put the object knows it by its content.
import { setTimeout as pause } from 'node:timers/promises'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { Fault, objectUri, parseObjectUri } from '../../base/index.ts'
import type { ObjectStore, StoredObject } from '../../step/index.ts'
import { type S3Connection, statusOf } from './s3-connection.ts'
import { s3Fault } from './s3-fault.ts'

/** So often a put that met another one under way is tried again. */
const CONFLICT_TRIES = 5
const CONFLICT_PAUSE_MS = 100
/** So often an object is asked for whose bytes stop coming. */
const READ_TRIES = 3

/**
 * The store below `s3://bucket/key`.
 * @throws Fault invalid StoreNotSupported for what is no such URI; its methods throw the faults of s3-fault.ts
 */
export function openS3Store(uri: string, connection: S3Connection): ObjectStore {
  const place = parseObjectUri(uri)
  if (place === undefined)
    throw new Fault({
      kind: 'invalid',
      code: 'StoreNotSupported',
      message: `cannot open storage "${uri}": it names no bucket; write it like s3://bucket/folder`,
    })
  const { bucket, key } = place
  return new S3Store(connection, bucket, key.replace(/\/$/, ''))
}

class S3Store implements ObjectStore {
  readonly root: string
  readonly #connection: S3Connection
  readonly #bucket: string
  /** Of every key; ends in a slash unless it is empty. */
  readonly #prefix: string

  constructor(connection: S3Connection, bucket: string, key: string) {
    this.root = objectUri({ bucket, key })
    this.#connection = connection
    this.#bucket = bucket
    this.#prefix = key === '' ? '' : `${key}/`
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    for (let tries = 1; ; tries++) {
      const body = await this.#body(path)
      if (body === undefined) return undefined
      try {
        return await body.transformToByteArray()
      } catch (thrown) {
        // the client itself does not ask again for an answer that breaks off
        if (tries === READ_TRIES) throw s3Fault(this.#what('read', path), thrown)
      }
    }
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    return await this.#connection.send(this.#what('write', path), async ({ client, sdk }) => {
      const command = { ...this.#object(path), Body: bytes, IfNoneMatch: '*' }
      for (let tries = 1; ; tries++) {
        try {
          await client.send(new sdk.PutObjectCommand(command))
          return true
        } catch (thrown) {
          if (statusOf(thrown) === 412) return false
          // another put of that name is under way, and it is not known yet what becomes of it
          if (statusOf(thrown) !== 409 || tries === CONFLICT_TRIES) throw thrown
          await pause(CONFLICT_PAUSE_MS * tries)
        }
      }
    })
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    await this.#connection.send(this.#what('write', path), async ({ client, sdk }) => {
      await client.send(new sdk.PutObjectCommand({ ...this.#object(path), Body: bytes }))
    })
  }

  async list(prefix: string, after?: string): Promise<StoredObject[]> {
    const objects = await this.#connection.send(this.#what('list', prefix), async ({ client, sdk }) => {
      const found: StoredObject[] = []
      const input = {
        Bucket: this.#bucket,
        Prefix: this.#prefix + prefix,
        ...(after === undefined ? {} : { StartAfter: this.#prefix + after }),
      }
      for await (const page of sdk.paginateListObjectsV2({ client }, input))
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
          found.push({ path: Key.slice(this.#prefix.length), size: Size, modifiedAt: LastModified?.getTime() ?? 0 })
      return found
    })
    // a name that ends in a slash stands for an empty folder
    return objects
      .filter(({ path }) => path !== '' && !path.endsWith('/') && (after === undefined || path > after))
      .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  }

  async delete(path: string): Promise<void> {
    await this.#connection.send(this.#what('delete', path), async ({ client, sdk }) => {
      await client.send(new sdk.DeleteObjectCommand(this.#object(path)))
    })
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    const body = await this.#body(path)
    if (body === undefined) return
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) yield chunk
    } catch (thrown) {
      throw s3Fault(this.#what('read', path), thrown)
    }
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#connection.send(this.#what('write', to), async ({ client, sdk }) => {
      const { Bucket, Key } = this.#object(from)
      const CopySource = [Bucket, ...Key.split('/')].map(encodeURIComponent).join('/')
      await client.send(new sdk.CopyObjectCommand({ ...this.#object(to), CopySource }))
    })
  }

  /** undefined: no such object. */
  async #body(path: string): Promise<GetObjectCommandOutput['Body']> {
    return await this.#connection.send(this.#what('read', path), async ({ client, sdk }) => {
      try {
        return (await client.send(new sdk.GetObjectCommand(this.#object(path)))).Body
      } catch (thrown) {
        if (thrown instanceof sdk.NoSuchKey) return undefined
        throw thrown
      }
    })
  }

  #object(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + path }
  }

  #what(verb: string, path: string): string {
    return `${verb} "${path}" in "${this.root}"`
  }
}
