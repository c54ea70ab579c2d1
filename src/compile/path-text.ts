// What a path may be made of, once its placeholders are filled in.

/** Why the value of a param may not become a part of a path. Wildcards may: a run can ask for all months by `*`. */
export function unsafeInPath(value: string): string | undefined {
  if (value === '') return 'it is empty'
  if (/[/\\]/.test(value)) return 'it holds a slash'
  if (value.includes('..')) return 'it holds ..'
  return value.includes('\0') ? 'it holds a NUL character' : undefined
}

/** How many parts of a path lead to the same folder or out of it. */
export const folderSteps = (path: string): number =>
  path.split('/').filter((segment) => segment === '.' || segment === '..').length

export const hasWildcard = (path: string): boolean => /[*?[]/.test(path)
