// Collects problems, so that all are reported at once. Whoever shows them sorts them by their places in the files.
import { formatPath, type Path } from '../manifest/index.ts'
import type { Problem } from './problem.ts'
import type { CompileProblemCode } from './problem-codes.ts'

export interface FindingText {
  message: string
  hint: string
  /** 0-based offset into the field's text. */
  offset?: number
  /** Where the path leads; the pipeline unless said. */
  document?: 'run' | 'storage'
}

export class Findings {
  readonly problems: Problem[] = []
  readonly #known = new Set<string>()

  error(code: CompileProblemCode, path: Path, text: FindingText): void {
    this.#add({ code, severity: 'error', path: formatPath(path), document: 'pipeline', ...text })
  }

  warning(code: CompileProblemCode, path: Path, text: FindingText): void {
    this.#add({ code, severity: 'warning', path: formatPath(path), document: 'pipeline', ...text })
  }

  get hasErrors(): boolean {
    return this.problems.some(({ severity }) => severity === 'error')
  }

  /** The same thing said of the same place by two checks is one problem. */
  #add(problem: Problem): void {
    const key = JSON.stringify(problem)
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.problems.push(problem)
  }
}

/** `"a", "b" and 3 more`: the first five of a list, quoted. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `"${name}"`)
  return names.length <= 5 ? shown.join(', ') : `${shown.join(', ')} and ${names.length - 5} more`
}
