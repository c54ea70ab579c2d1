// Where a table's log lies: the few operations that a commit protocol needs, and those that files in an object store need
// beside them. Data files are the engine's own business.

export interface StoredObject {
  /** Relative to the store's root, with `/`. */
  path: string
  size: number
  /** Milliseconds since the epoch. */
  modifiedAt: number
}

export interface ObjectStore {
  /** The absolute path or `s3://bucket/key`, as the engine names it too; without a slash at its end. */
  readonly root: string
  /** undefined when there is no such object. */
  get(path: string): Promise<Uint8Array | undefined>
  /** Makes the object whole or not at all. @returns false when one of that name was there already */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean>
  /** Makes or replaces the object, whole or not at all. */
  put(path: string, bytes: Uint8Array): Promise<void>
  /** All objects whose path starts with the prefix and is greater than `after`, sorted by path. */
  list(prefix: string, after?: string): Promise<StoredObject[]>
  delete(path: string): Promise<void>
  /** The object's bytes, as they come; none when there is no such object. */
  stream(path: string): AsyncIterable<Uint8Array>
  /** Makes or replaces an object from another one, whole or not at all. */
  copy(from: string, to: string): Promise<void>
}

export type OpenStore = (uri: string) => ObjectStore
