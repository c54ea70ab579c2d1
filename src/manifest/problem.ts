// A problem of a manifest: found by reading and checking (here) or by compiling. All are reported at once.

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
  /** Which document the path belongs to, of a problem found by compiling. */
  document?: 'pipeline' | 'run' | 'storage'
}

/** A place in a file; line and column count from 1, columns in UTF-16 units. */
export interface Location {
  file: string
  line: number
  column: number
}

export interface LocatedProblem extends Problem, Location {}

/** Problems in the order in which their places stand in the files. */
export function inFileOrder(problems: readonly LocatedProblem[]): LocatedProblem[] {
  const files = [...new Set(problems.map((problem) => problem.file))]
  return problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  )
}
