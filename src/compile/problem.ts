// What is wrong with a manifest: all problems at once, each with a place and a way out.

export interface Problem {
  /** PascalCase; every code has a row in docs/reference/problems.md. */
  code: string
  severity: 'error' | 'warning'
  /** Field path from the document's root: `spec.processes[0].steps[1].target.table.upsert.keys`. */
  path: string
  /** One line: what is wrong. */
  message: string
  /** The way out, as an imperative. */
  hint: string
  /** 0-based offset into the field's text, for templates. */
  offset?: number
}
