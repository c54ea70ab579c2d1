// The one place in the pure folders that may import node:crypto.
import { createHash } from 'node:crypto'
import { canonicalJson } from './json.ts'

/** `sha256:` and 64 hex digits over the canonical JSON of a value. */
export function hashOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`
}
