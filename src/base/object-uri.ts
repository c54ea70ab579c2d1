// Places in an object store, `s3://bucket/key`, as text. A place is either such a URI or an absolute path of this machine.

const SCHEME = 's3://'
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export interface ObjectPlace {
  bucket: string
  /** Without a slash at its start; empty for the bucket itself. */
  key: string
}

export const isObjectUri = (place: string): boolean => place.startsWith(SCHEME)

/** undefined for what is no object's URI, or has no lawful bucket. */
export function parseObjectUri(place: string): ObjectPlace | undefined {
  if (!isObjectUri(place)) return undefined
  const [bucket = '', ...segments] = place.slice(SCHEME.length).split('/')
  return BUCKET.test(bucket) ? { bucket, key: segments.join('/') } : undefined
}

export const objectUri = ({ bucket, key }: ObjectPlace): string =>
  key === '' ? SCHEME + bucket : `${SCHEME}${bucket}/${key}`

/** A place below another one, which is a URI or an absolute path. */
export const placeBelow = (root: string, ...segments: string[]): string =>
  `${root.replace(/\/$/, '')}/${segments.join('/')}`
