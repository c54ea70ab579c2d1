// All files that are made from the schemas and tables in src: crds/ and the generated pages of docs/reference/.
import { COMPILE_PROBLEM_CODES } from '../src/compile/problem-codes.ts'
import { MANIFEST_PROBLEM_CODES, renderCrds, renderReference } from '../src/manifest/index.ts'

export interface GeneratedFile {
  /** Relative to the repository's root. */
  path: string
  text: string
}

/** @throws Error when a schema is not what the API server takes */
export function generatedFiles(): GeneratedFile[] {
  return [
    ...renderCrds().map(({ name, yaml }) => ({ path: `crds/${name}.yaml`, text: yaml })),
    ...renderReference().map(({ name, markdown }) => ({ path: `docs/reference/${name}.md`, text: markdown })),
    { path: 'docs/reference/problems.md', text: problemsPage() },
  ]
}

function problemsPage(): string {
  const table = (codes: Record<string, string>) =>
    [
      '| code | meaning |',
      '|---|---|',
      ...Object.entries(codes).map(([code, meaning]) => `| ${code} | ${meaning.replaceAll('|', '\\|')} |`),
    ].join('\n')
  return `${[
    '<!-- Generated from the tables of codes in src by `make generate`; do not edit. -->',
    '# Problems of manifests',
    'All problems of all files are reported at once, each with file, line, column and field path.',
    '## Found by reading',
    table(MANIFEST_PROBLEM_CODES),
    '## Found by compiling',
    table(COMPILE_PROBLEM_CODES),
  ].join('\n\n')}\n`
}
