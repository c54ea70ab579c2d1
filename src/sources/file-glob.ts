// Paths with wildcards.
import { dirname } from 'node:path'

const WILDCARD = /[*?[]/

export const isGlob = (path: string): boolean => WILDCARD.test(path)

/** The deepest folder without wildcards. */
export function fixedFolder(path: string): string {
  let folder = path
  while (isGlob(folder)) folder = dirname(folder)
  return folder
}
