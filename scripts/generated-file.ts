// What a generator gives.
export interface GeneratedFile {
  /** Relative to the repository's root. */
  path: string
  text: string
}
