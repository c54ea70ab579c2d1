// What a path may be made of, once its placeholders are filled in.

/** Why the value of a param may not become a part of a path. Wildcards may: a run can ask for all months by `*`. */
export function unsafeInPath(value: string): string | undefined {
  if (value === '') return 'it is empty'
  if (/[/\\]/.test(value)) return 'it holds a slash'
  if (value.includes('..')) return 'it holds ..'
  return value.includes('\0') ? 'it holds a NUL character' : undefined
}

/** A value as it must be written into a path: the percent signs of a file:// URI are escapes, a value's are not. */
export const inPathOf = (source: string, value: string): string =>
  schemeOf(source) !== 'file://' ? value : value.replaceAll('%', '%25')

/** Whether two paths have the same scheme, and as many parts that lead to the same folder or out of it. */
export const isSameWay = (path: string, other: string): boolean =>
  schemeOf(path) === schemeOf(other) && folderSteps(path) === folderSteps(other)

/** Of a URI; empty for a path. */
const schemeOf = (path: string): string => /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(path)?.[0].toLowerCase() ?? ''

/** -1: a URI whose escapes are broken. */
function folderSteps(path: string): number {
  const steps = (text: string) => text.split('/').filter((segment) => segment === '.' || segment === '..').length
  if (schemeOf(path) !== 'file://') return steps(path)
  try {
    return steps(decodeURIComponent(path))
  } catch {
    return -1
  }
}

export const hasWildcard = (path: string): boolean => /[*?[]/.test(path)
