// Small manifests for the tests, and the problems of a text in one line each.
import { API_VERSION, type LocatedProblem, parseDocuments } from '../../src/manifest/index.ts'

/** A pipeline around a text for one step, indented as it stands there. */
export const pipelineWith = (step: string): string =>
  [
    `apiVersion: ${API_VERSION}`,
    'kind: ETLPipeline',
    'metadata: {name: p}',
    'spec:',
    '  processes:',
    '    - name: a',
    '      steps:',
    ...step.split('\n').map((line, i) => `        ${i === 0 ? '- ' : '  '}${line}`),
  ].join('\n')

/** `line:column code path` of each problem. */
export const shown = (problems: readonly LocatedProblem[]): string[] =>
  problems.map(({ line, column, code, path }) => `${line}:${column} ${code} ${path}`.trimEnd())

export const problemsOf = (text: string): LocatedProblem[] => parseDocuments(text, 'in.yaml').problems

export const shownProblemsOf = (text: string): string[] => shown(problemsOf(text))
