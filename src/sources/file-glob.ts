// Paths with wildcards: * and ? stand for what is no slash, [abc] and [a-z] for one of these, ** for folders.
import { dirname } from 'node:path'

const WILDCARD = /[*?[]/

export const isGlob = (path: string): boolean => WILDCARD.test(path)

/** The deepest folder without wildcards. */
export function fixedFolder(path: string): string {
  let folder = path
  while (isGlob(folder)) folder = dirname(folder)
  return folder
}

/** Whether a path is among those that a pattern stands for, as the engine takes patterns for local files. */
export function matcher(pattern: string): (path: string) => boolean {
  const parts = pattern.split('/').map((segment, i) => {
    const slash = i === 0 ? '' : '/'
    return segment === '**' ? `(?:${slash}[^/]+)*` : slash + segmentPattern(segment)
  })
  const whole = new RegExp(`^${parts.join('')}$`, 'su')
  return (path) => whole.test(path)
}

function segmentPattern(segment: string): string {
  return segment.replace(/\*+|\?|\[(!?)([^\]]+)\]|[\\^$.*+?()[\]{}|]/gu, (found, not?: string, among?: string) => {
    if (among !== undefined) return `[${not === '!' ? '^' : ''}${among.replace(/[\\^\]]/g, '\\$&')}]`
    if (found.startsWith('*')) return '[^/]*'
    return found === '?' ? '[^/]' : `\\${found}`
  })
}
