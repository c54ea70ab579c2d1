// The store of any place that a storage binding can name.
import { isObjectUri } from '../../base/index.ts'
import type { ObjectStoreBinding } from '../../plan/index.ts'
import type { OpenStore } from '../../step/index.ts'
import { openFileStore } from './file.ts'
import { openS3Store } from './s3.ts'
import { s3ConnectionOf } from './s3-connection.ts'

/** Nothing of an object store is loaded or reached before one of its objects is asked for. */
export function storesOf({ objectStore }: { objectStore?: ObjectStoreBinding | undefined }): OpenStore {
  return (uri) => (isObjectUri(uri) ? openS3Store(uri, s3ConnectionOf(objectStore)) : openFileStore(uri))
}
