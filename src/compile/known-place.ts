// Places as users write them: paths and file:// URIs of this machine, and s3:// URIs. Others are refused by name.
import { isObjectUri, objectUri, parseObjectUri } from '../base/index.ts'

/** A place of this machine as an absolute or relative path, or `s3://bucket/key`; or why it is none. */
export type KnownPlace = { path: string } | { code: 'UnsupportedScheme' | 'InvalidPlace'; why: string; hint: string }

/** Takes `file://` off; `.` and `..` are left. What follows `s3://` is taken as it is: a percent sign is no escape. */
export function knownPlace(uri: string): KnownPlace {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(uri)?.[1]?.toLowerCase()
  if (scheme === 's3') return objectPlace(`s3${uri.slice(2)}`)
  if (scheme !== undefined && scheme !== 'file')
    return {
      code: 'UnsupportedScheme',
      why: `${scheme}:// is not supported`,
      hint: 'give a local path, a file:// URI (on Kubernetes: of a mounted volume) or an s3:// URI',
    }
  const path = scheme === 'file' ? pathOfFileUri(uri) : uri
  if (path === undefined)
    return {
      code: 'InvalidPlace',
      why: 'it is no file:// URI of this machine',
      hint: 'write it like file:///data/lake, with %25 for a percent sign',
    }
  if (path.includes('\0')) return { code: 'InvalidPlace', why: 'it holds a NUL character', hint: 'take it out' }
  return { path }
}

function objectPlace(uri: string): KnownPlace {
  const place = parseObjectUri(uri)
  const wrong = (why: string, hint: string): KnownPlace => ({ code: 'InvalidPlace', why, hint })
  if (place === undefined)
    return wrong('it names no bucket', 'write it like s3://bucket/folder; buckets have 3 to 63 of a-z, 0-9, dot and -')
  if (place.key.split('/').some((segment) => segment === '.' || segment === '..'))
    return wrong('an object has no . or .. in its name', 'write the whole name')
  if (place.key.includes('\0')) return wrong('it holds a NUL character', 'take it out')
  return { path: uri }
}

/** undefined: another host, or a broken percent-escape. */
function pathOfFileUri(uri: string): string | undefined {
  const path = /^file:\/\/(?:localhost)?(\/.*)$/is.exec(uri)?.[1]
  if (path === undefined) return undefined
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** An absolute path or an s3:// URI, without `.`, `..`, doubled and trailing slashes. @param base of either kind */
export function absolutePath(path: string, base: string): string {
  const tidy = tidyPath(path.startsWith('/') || isObjectUri(path) ? path : `${base}/${path}`)
  return tidy.length > 1 ? tidy.replace(/\/$/, '') : tidy
}

/** A relative or absolute path without `.`, doubled slashes, and `..` that can be resolved; a slash at the end is kept. */
export function tidyPath(path: string): string {
  const object = parseObjectUri(path)
  // a key has no way out of its bucket
  if (object !== undefined) return objectUri({ bucket: object.bucket, key: tidyPath(`/${object.key}`).slice(1) })
  const isAbsolute = path.startsWith('/')
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') kept.push(segment)
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop()
    else if (!isAbsolute) kept.push(segment)
  }
  return `${isAbsolute ? '/' : ''}${kept.join('/')}${path.endsWith('/') && kept.length > 0 ? '/' : ''}`
}
