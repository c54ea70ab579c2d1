// What reading and checking find, before it has a place in a file.

import type { Path } from './path.ts'
import type { ManifestProblemCode } from './problem-codes.ts'

export interface Finding {
  code: ManifestProblemCode
  severity?: 'warning'
  path: Path
  /** Show the key of the last segment rather than its value. */
  atKey?: boolean
  /** Offset in the file, where the path would lead to another place (the second of two equal keys). */
  offset?: number
  message: string
  hint: string
}
