// Problems for people: place, kind, what, the line of the file with a mark under it, and the way out.
import type { LocatedProblem } from '../manifest/index.ts'
import type { Paint } from './io.ts'

export function problemText(problem: LocatedProblem, texts: ReadonlyMap<string, string>, paint: Paint): string {
  const { file, line, column, severity, code, message, hint } = problem
  const head = `${file}:${line}:${column}: ${paint(severity === 'error' ? 'red' : 'yellow', severity)} ${paint('bold', code)}: ${message}`
  return [head, ...excerpt(texts.get(file), line, column, paint), `  ${paint('cyan', 'hint')}: ${hint}`].join('\n')
}

/** The line, and a mark under the column; nothing for files without text (TypeScript). */
export function excerpt(text: string | undefined, line: number, column: number, paint: Paint): string[] {
  const source = text?.split('\n')[line - 1]
  if (source === undefined) return []
  const number = String(line)
  const from = Math.max(0, column - 80)
  const shown = source.slice(from, from + 120)
  const pad = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ')
  return [
    paint('dim', `  ${number} | `) + shown,
    paint('dim', `  ${' '.repeat(number.length)} | `) + pad + paint('red', '^'),
  ]
}

export function summaryText(problems: readonly LocatedProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  return warnings === 0 ? count(errors, 'error') : `${count(errors, 'error')}, ${count(warnings, 'warning')}`
}
