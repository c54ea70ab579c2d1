// Where a table's log lies: the few operations that a commit protocol needs. Data files are the engine's own business.

export interface StoredObject {
  /** Relative to the store's root, with `/`. */
  path: string
  size: number
  /** Milliseconds since the epoch. */
  modifiedAt: number
}

export interface ObjectStore {
  /** The absolute root, as the engine names it too. */
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
}

export type OpenStore = (uri: string) => ObjectStore
