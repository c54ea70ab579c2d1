// One folder of test/golden: `in.yaml` (or `in.ts`, documents of a program), maybe `facts.json` (what is there, and what a
// command line adds to the run), and what must come of it: `plan.json` and `explain.txt`, `problems.txt`, or all three when
// there are warnings; `binding.json` where a storage is given.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CompileInput, compile } from '../../src/compile/index.ts'
import {
  inFileOrder,
  type LocatedProblem,
  type ParsedDocument,
  type Problem,
  parseDocuments,
  parseValue,
} from '../../src/manifest/index.ts'
import { explain } from '../../src/plan/index.ts'

export const GOLDEN = join(import.meta.dirname, '..', 'golden')
export const cases = (): string[] =>
  readdirSync(GOLDEN, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

export const OUTPUTS = ['plan.json', 'binding.json', 'explain.txt', 'problems.txt'] as const
export type Outputs = Partial<Record<(typeof OUTPUTS)[number], string>>

type Documents = ParsedDocument[]
type OfKind<K extends ParsedDocument['kind']> = Extract<ParsedDocument, { kind: K }>

export async function outputsOf(name: string): Promise<{ outputs: Outputs; codes: string[] }> {
  const { documents, problems } = await read(join(GOLDEN, name))
  if (problems.some(({ severity }) => severity === 'error')) return problemsOnly(problems)
  const chosen = choose(documents, join(GOLDEN, name))
  const result = compile(chosen.input)
  const located = (result.ok ? result.warnings : result.problems).map((problem) => place(problem, chosen))
  const all = inFileOrder([...problems, ...located])
  if (!result.ok) return problemsOnly(all)
  return {
    codes: all.map(({ code }) => code),
    outputs: {
      'plan.json': json(result.plan),
      'explain.txt': explain(result.plan, result.binding),
      ...(chosen.storage === undefined ? {} : { 'binding.json': json(result.binding) }),
      ...(all.length === 0 ? {} : { 'problems.txt': problemLines(all) }),
    },
  }
}

async function read(folder: string): Promise<ReturnType<typeof parseDocuments>> {
  if (existsSync(join(folder, 'in.yaml')))
    return parseDocuments(readFileSync(join(folder, 'in.yaml'), 'utf8'), 'in.yaml')
  const { default: values }: { default: unknown[] } = await import(join(folder, 'in.ts'))
  const results = values.map((value) => parseValue(value, 'in.ts'))
  return { documents: results.flatMap((one) => one.documents), problems: results.flatMap((one) => one.problems) }
}

interface Chosen {
  input: CompileInput
  pipeline: { document: ParsedDocument; path: string }
  run: OfKind<'ETLRun'> | undefined
  storage: OfKind<'ETLStorage'> | undefined
}

/** The first document of each kind. */
function choose(documents: Documents, folder: string): Chosen {
  const pipeline = documents.find((document) => document.kind === 'ETLPipeline')
  const run = documents.find((document) => document.kind === 'ETLRun')
  const storage = documents.find((document) => document.kind === 'ETLStorage')
  const inline = run?.value.spec.pipeline
  const spec = inline ?? pipeline?.value.spec
  const document = inline === undefined ? pipeline : run
  if (spec === undefined || document === undefined) throw new Error(`${folder} has no pipeline`)
  const given = existsSync(join(folder, 'facts.json'))
    ? JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8'))
    : {}
  const { run: added, ...facts } = given
  return {
    pipeline: { document, path: inline === undefined ? 'spec' : 'spec.pipeline' },
    run,
    storage,
    input: {
      pipeline: { name: document.name, spec },
      ...(storage === undefined ? {} : { storage: storage.value.spec }),
      run: { ...run?.value.spec, ...added },
      facts: { workingFolder: '/srv/etl', manifestFolder: '/srv/etl/manifests', ...facts },
    },
  }
}

/** What is about a run or storage that is not there is shown at the pipeline. */
function place(problem: Problem, { pipeline, run, storage }: Chosen): LocatedProblem {
  const own = problem.document === 'run' ? run : problem.document === 'storage' ? storage : undefined
  if (own !== undefined) return { ...problem, ...own.locate(problem.path, problem.offset) }
  const path = problem.path.replace(/^spec/, pipeline.path)
  return { ...problem, path, ...pipeline.document.locate(path, problem.offset) }
}

const problemsOnly = (problems: LocatedProblem[]) => ({
  codes: problems.map(({ code }) => code),
  outputs: { 'problems.txt': problemLines(problems) },
})

const problemLines = (problems: LocatedProblem[]): string =>
  problems
    .map(
      ({ line, column, severity, code, path, message, hint }) =>
        `${line}:${column} ${severity} ${code} ${path}\n  ${message}\n  → ${hint}\n`,
    )
    .join('')

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
