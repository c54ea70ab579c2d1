// Prints problems to standard error. @returns whether there is an error among them
import type { LocatedProblem } from '../manifest/index.ts'
import { type Io, painter } from './io.ts'
import type { Loaded } from './load-manifests.ts'
import { problemCounts, problemText } from './problems.ts'

export function reportProblems(problems: readonly LocatedProblem[], { texts }: Pick<Loaded, 'texts'>, io: Io): boolean {
  const failed = problems.some(({ severity }) => severity === 'error')
  for (const problem of problems) io.err(`${problemText(problem, texts, painter(io))}\n`)
  if (failed) io.err(`${problemCounts(problems)}\n`)
  return failed
}
