// Reads TypeScript just well enough for the rules: code without comments and texts, and the imports of a file.

export interface Import {
  /** As written: `../plan/index.ts`, `node:fs`, `zod`. */
  from: string
  kind: 'value' | 'type' | 'lazy'
}

/**
 * The source with comments and the contents of texts and patterns blanked out, line breaks kept. What stands inside `${}`
 * of a template is code and stays.
 */
export function codeOnly(source: string): string {
  let code = ''
  let at = 0
  const templates: number[] = []
  while (at < source.length) {
    const end = endOfQuiet(source, at, { code, templates })
    if (end > at) {
      code += source.slice(at, end).replaceAll(/[^\n]/g, ' ')
      at = end
      continue
    }
    const char = source.charAt(at)
    const depth = templates.at(-1)
    if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1
    if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1
    code += char
    at += 1
  }
  return code
}

/** The end of the comment, text or pattern that starts here; `at` itself when code starts here. */
function endOfQuiet(source: string, at: number, state: { code: string; templates: number[] }): number {
  const rest = source.slice(at, at + 2)
  const char = source.charAt(at)
  if (rest === '//') return endOr(source.indexOf('\n', at), source.length)
  if (rest === '/*') return endOr(source.indexOf('*/', at + 2) + 2, source.length, 1)
  if (char === "'" || char === '"') return endOfText(source, at + 1, char)
  if (char === '`') return endOfTemplatePart(source, at + 1, state.templates)
  if (char === '}' && state.templates.at(-1) === 0) {
    state.templates.pop()
    return endOfTemplatePart(source, at + 1, state.templates)
  }
  if (char === '/' && startsPattern(state.code)) return endOfPattern(source, at + 1)
  return at
}

const endOr = (end: number, otherwise: number, least = 0): number => (end <= least - 1 || end === -1 ? otherwise : end)

function endOfText(source: string, from: number, quote: string): number {
  let at = from
  while (at < source.length && source.charAt(at) !== quote) at += source.charAt(at) === '\\' ? 2 : 1
  return at + 1
}

/** Up to the closing backtick, or up to a `${`, whose code is read on. */
function endOfTemplatePart(source: string, from: number, templates: number[]): number {
  let at = from
  while (at < source.length && source.charAt(at) !== '`') {
    if (source.startsWith('${', at)) {
      templates.push(0)
      return at + 2
    }
    at += source.charAt(at) === '\\' ? 2 : 1
  }
  return at + 1
}

const startsPattern = (code: string): boolean =>
  /(?:^|[=(,:;!&|?{}[>]|\breturn|\btypeof|\bcase)\s*$/.test(code.slice(-40))

function endOfPattern(source: string, from: number): number {
  let at = from
  let inClass = false
  while (at < source.length && (inClass || source.charAt(at) !== '/')) {
    if (source.charAt(at) === '\n') return from
    if (source.charAt(at) === '[') inClass = true
    if (source.charAt(at) === ']') inClass = false
    at += source.charAt(at) === '\\' ? 2 : 1
  }
  return at + 1
}

/** Code that ends where the text of an import's place begins. */
const STATIC = /^(?:import|export)\b(?:[^;]*\bfrom)?\s*$/

/** All imports and re-exports of a file. */
export function importsOf(source: string): Import[] {
  const code = codeOnly(source)
  const found: Import[] = []
  for (const match of source.matchAll(/(['"])([^'"\n]+)\1/g)) {
    const before = code.slice(0, match.index)
    const from = match[2] ?? ''
    if (code.charAt(match.index) !== ' ') continue
    if (/\bimport\s*\(\s*$/.test(before)) found.push({ from, kind: 'lazy' })
    const statement = before
      .slice(Math.max(before.lastIndexOf('\nimport'), before.lastIndexOf('\nexport'), 0))
      .trimStart()
    const isStatic = STATIC.test(statement)
    if (isStatic) found.push({ from, kind: isTypeOnly(statement) ? 'type' : 'value' })
  }
  return found
}

function isTypeOnly(statement: string): boolean {
  if (/^(?:import|export)\s+type\b/.test(statement)) return true
  const names = /\{([^}]*)\}/.exec(statement)?.[1]
  if (names === undefined || /^(?:import|export)\s+\w/.test(statement)) return false
  return names.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '))
}
