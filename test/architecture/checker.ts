// The rules of the architecture, over files given as values, so that the rules themselves can be tested.
import { posix } from 'node:path'
import { COMMANDS, MAY_IMPORT, MOST_LINES, NAMES_THAT_FIT_ANYTHING, PURE, PURE_EXCEPTIONS } from './folders.ts'
import { codeOnly, type Import, importsOf } from './source-text.ts'

/** A file below src: `plan/plan.ts`. */
export interface SourceFile {
  path: string
  text: string
}

/** Every breach of a rule, as `file: what`. */
export function breaches(files: readonly SourceFile[]): string[] {
  return [
    ...files.flatMap(breachesOf),
    ...cycles(files).map((cycle) => `${cycle[0]}: imports itself by ${cycle.join(' → ')}`),
  ]
}

function breachesOf(file: SourceFile): string[] {
  const imports = importsOf(file.text)
  const found = [
    ...checkPath(file.path),
    ...checkText(file),
    ...imports.flatMap((one) => checkImport(file.path, one)),
    ...checkPurity(file, imports),
  ]
  return found.map((what) => `${file.path}: ${what}`)
}

const folderOf = (path: string): string => path.split('/')[0] ?? ''
const isRoot = (path: string): boolean => !path.includes('/')

function checkPath(path: string): string[] {
  const parts = path.split('/')
  const names = parts.map((part) => part.replace(/\.ts$/, ''))
  const found: string[] = []
  if (isRoot(path) && path !== 'index.ts') found.push('only index.ts lies directly in src')
  if (!isRoot(path) && folderOf(path) !== COMMANDS && !(folderOf(path) in MAY_IMPORT))
    found.push('its folder has no row in the table of folders')
  for (const name of names) {
    if (NAMES_THAT_FIT_ANYTHING.includes(name)) found.push(`"${name}" fits anything: name what it holds`)
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) found.push(`"${name}" is not in kebab-case`)
  }
  return found
}

function checkText({ path, text }: SourceFile): string[] {
  const found: string[] = []
  const lines = text.split('\n').length - 1
  if (lines > MOST_LINES) found.push(`has ${lines} lines, more than ${MOST_LINES}`)
  if (posix.basename(path) !== 'index.ts' && !/^(?:\/\/|\/\*|#!)/.test(text))
    found.push('does not begin with a comment that says what it is for')
  const code = codeOnly(text)
  if (/\bas\s+unknown\s+as\b/.test(code)) found.push('"as unknown as" hides a mistake in the types')
  if (/(?:^|\s)(?:const\s+)?enum\s+\w/.test(code)) found.push('"enum" is not erasable: use an `as const` object')
  return found
}

function checkImport(path: string, { from, kind }: Import): string[] {
  if (!from.startsWith('.')) return []
  const target = posix.join(posix.dirname(path), from)
  if (target.startsWith('..')) return [`imports ${from}, which lies outside of src`]
  const [here, there] = [folderOf(path), folderOf(target)]
  if (!isRoot(path) && here === there) return []
  const found: string[] = []
  const allowed = isRoot(path) ? ['library'] : MAY_IMPORT[here]
  if (here !== COMMANDS && !allowed?.includes(there)) found.push(`${here} may not import ${there}`)
  const isEntry = target === `${there}/index.ts`
  if (!isEntry && !(here === COMMANDS && kind === 'lazy')) found.push(`enters ${there} by ${from}, not by its index.ts`)
  return found
}

const IMPURE: readonly [RegExp, string][] = [
  [/\bDate\.now\b/, 'Date.now'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())/, 'new Date() without arguments'],
  [/\bMath\.random\b/, 'Math.random'],
  [/\bprocess\.(?:env|argv|cwd|exit|hrtime|memoryUsage|nextTick|on|pid|platform|stderr|stdout|uptime)\b/, 'process'],
  [/\bconsole\./, 'console'],
  [/\bperformance\./, 'performance'],
  [/\bcrypto\./, 'crypto'],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'a timer'],
  [/\bfetch\s*\(/, 'fetch'],
  [/\bglobalThis\b/, 'globalThis'],
]

function checkPurity({ path, text }: SourceFile, imports: readonly Import[]): string[] {
  const packages = PURE[folderOf(path)]
  if (packages === undefined) return []
  const allowed = [...packages, ...(PURE_EXCEPTIONS[path] ?? [])]
  const code = codeOnly(text)
  return [
    ...IMPURE.filter(([form]) => form.test(code)).map(([, name]) => `is pure, but uses ${name}`),
    ...imports
      .filter(({ from, kind }) => !from.startsWith('.') && kind !== 'type' && !allowed.includes(from))
      .map(({ from }) => `is pure, but imports ${from}`),
  ]
}

/** Import cycles between files, each once; what is imported lazily or as types only is loaded later or never. */
function cycles(files: readonly SourceFile[]): string[][] {
  const graph = new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter(({ from, kind }) => from.startsWith('.') && kind === 'value')
        .map(({ from }) => posix.join(posix.dirname(path), from)),
    ]),
  )
  const done = new Set<string>()
  const found: string[][] = []
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push([...trail.slice(start), path])
    if (start >= 0 || done.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return found
}
