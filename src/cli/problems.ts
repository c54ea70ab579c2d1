// Problems for people: place, kind, what, the line of the file with a mark under it, and the way out.
import type { LocatedProblem, Location } from '../manifest/index.ts'
import type { Paint } from './io.ts'
import { count } from './text-table.ts'

/** Line and column of a problem that lies in the command line, not in a file. */
export const NO_LINE = 0

export function problemText(problem: LocatedProblem, texts: ReadonlyMap<string, string>, paint: Paint): string {
  const { file, line, column, severity, code, message, hint } = problem
  const place = line === NO_LINE ? file : `${file}:${line}:${column}`
  const head = `${place}: ${paint(severity === 'error' ? 'red' : 'yellow', severity)} ${paint('bold', code)}: ${message}`
  return [
    head,
    ...excerpt(texts.get(file), { line, column, paint }),
    ...(hint === '' ? [] : [`  ${paint('cyan', 'hint')}: ${hint}`]),
  ].join('\n')
}

const MOST_SHOWN = 120

/** The line, and a mark under the column; nothing for files without text (TypeScript). */
export function excerpt(
  text: string | undefined,
  { line, column, paint }: Pick<Location, 'line' | 'column'> & { paint: Paint },
): string[] {
  const source = text?.split(/\r?\n/)[line - 1]
  if (source === undefined) return []
  const number = String(line)
  const from = Math.max(0, column - 80)
  const shown = source.slice(from, from + MOST_SHOWN)
  const blanks = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ')
  return [
    paint('dim', `  ${number} | `) + shown,
    `${paint('dim', `  ${' '.repeat(number.length)} | `)}${blanks}${paint('red', '^')}`,
  ]
}

/** `2 errors, 1 warning`. */
export function problemCounts(problems: readonly LocatedProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  return [count(errors, 'error'), ...(warnings === 0 ? [] : [count(warnings, 'warning')])].join(', ')
}
