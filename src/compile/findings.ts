// Collects problems, so that all are reported at once and in the order in which the document is written.
import { formatPath, type Path } from '../manifest/index.ts'
import type { Problem } from './problem.ts'
import type { CompileProblemCode } from './problem-codes.ts'

export interface FindingText {
  message: string
  hint: string
  /** 0-based offset into the field's text. */
  offset?: number
}

export class Findings {
  readonly problems: Problem[] = []

  error(code: CompileProblemCode, path: Path, text: FindingText): void {
    this.problems.push({ code, severity: 'error', path: formatPath(path), ...text })
  }

  warning(code: CompileProblemCode, path: Path, text: FindingText): void {
    this.problems.push({ code, severity: 'warning', path: formatPath(path), ...text })
  }

  get hasErrors(): boolean {
    return this.problems.some(({ severity }) => severity === 'error')
  }
}

/** `"a", "b" and 3 more`: the first five of a list, quoted. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `"${name}"`)
  return names.length <= 5 ? shown.join(', ') : `${shown.join(', ')} and ${names.length - 5} more`
}
