// Places as users write them: paths and file:// URIs of this machine. Others come later, and are refused by name.

/** A place of this machine as an absolute or relative path without a trailing slash, or why it is none. */
export type LocalPlace = { path: string } | { code: 'UnsupportedScheme' | 'InvalidPlace'; why: string; hint: string }

/** Takes `file://` off; `.` and `..` are left. */
export function localPlace(uri: string): LocalPlace {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(uri)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'file')
    return {
      code: 'UnsupportedScheme',
      why: `${scheme}:// is not supported`,
      hint: 'give a local path or a file:// URI (on Kubernetes: a mounted volume)',
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

/** An absolute path, without `.`, `..`, doubled and trailing slashes. */
export function absolutePath(path: string, base: string): string {
  const tidy = tidyPath(path.startsWith('/') ? path : `${base}/${path}`)
  return tidy.length > 1 ? tidy.replace(/\/$/, '') : tidy
}

/** A relative or absolute path without `.`, doubled slashes, and `..` that can be resolved; a slash at the end is kept. */
export function tidyPath(path: string): string {
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
