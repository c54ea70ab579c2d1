// Text with typed placeholders `$(params.x)`. A template is parsed once, single pass (SQL-4); what a value looks like in
// the text is decided by whoever renders it: a literal of the engine's dialect in SQL, path text in paths.

export interface Placeholder {
  param: string
  /** One of PATH_FILTERS; only lawful in paths. */
  filter?: string
  /** 0-based offset of `$(` in the source text, and the placeholder's length there: for error positions. */
  start: number
  length: number
}

export type TemplatePart = { text: string } | Placeholder

/** The text as written, and its parts in order. */
export interface Template {
  source: string
  parts: TemplatePart[]
}

/** A placeholder-like piece that is not one: what stands there, where, and why it is refused. */
export interface TemplateError {
  expression: string
  start: number
  reason: string
}

/** Filters that paths may use on a date or timestamp param. */
export const PATH_FILTERS = {
  date: 'the calendar day, 2013-01-31',
  year: 'the year, 2013',
  'year-month': 'the month, 2013-01',
} as const

/** Without its second half: brackets that are nested, or never closed. */
const ANY = /\$\((?:([^()]*)\))?/g
const LAWFUL = /^params\.([A-Za-z_][A-Za-z0-9_]*)(?:\s*\|\s*([A-Za-z0-9_-]+))?$/

/**
 * Parses `$(params.x)` and `$(params.x | filter)`. `$$(` is an escaped `$(`. Anything else that starts with `$(` is an error:
 * no calls, no other roots, no nested fields.
 *
 * @param isPlainText whether what starts at an offset is to be left as it is (a comment, say)
 */
export function parseTemplate(
  source: string,
  isPlainText: (offset: number) => boolean = () => false,
): { template: Template; errors: TemplateError[] } {
  const parts: TemplatePart[] = []
  const errors: TemplateError[] = []
  let from = 0
  const push = (text: string) => {
    if (text !== '') parts.push({ text })
  }
  for (const match of source.matchAll(ANY)) {
    const start = match.index
    if (isPlainText(start)) continue
    if (source[start - 1] === '$') {
      push(source.slice(from, start - 1))
      push(match[0])
      from = start + match[0].length
      continue
    }
    push(source.slice(from, start))
    from = start + match[0].length
    const expression = (match[1] ?? '').trim()
    const lawful = LAWFUL.exec(expression)
    if (lawful?.[1] === undefined) {
      errors.push({
        expression: match[1] === undefined ? firstPart(source.slice(start)) : match[0],
        start,
        reason: 'only $(params.NAME) and $(params.NAME | FILTER) are placeholders',
      })
      continue
    }
    const filter = lawful[2]
    parts.push({ param: lawful[1], ...(filter === undefined ? {} : { filter }), start, length: match[0].length })
  }
  push(source.slice(from))
  return { template: { source, parts }, errors }
}

/** Of what is never closed, or holds brackets: enough of the line to recognise it. */
function firstPart(text: string): string {
  const [line = ''] = text.split('\n', 1)
  return line.length <= 24 ? line : `${line.slice(0, 23)}…`
}

/**
 * Renders a template with the given literal form, which may depend on the text rendered before it.
 * @returns the text, and a function from an offset in it to the offset in the source as the user wrote it
 */
export function renderTemplate(
  template: Template,
  literal: (placeholder: Placeholder, before: string) => string,
): { text: string; sourceOffset: (offset: number) => number } {
  const spans: { at: number; length: number; source: number; fixed: boolean }[] = []
  let text = ''
  let source = 0
  for (const part of template.parts) {
    const isText = 'text' in part
    if (!isText) source = part.start
    else if (template.source.startsWith(`$${part.text}`, source)) source += 1 // the escape's extra `$`
    const piece = isText ? part.text : literal(part, text)
    spans.push({ at: text.length, length: piece.length, source, fixed: !isText })
    text += piece
    source += isText ? part.text.length : part.length
  }
  const sourceOffset = (offset: number): number => {
    const span = spans.findLast((candidate) => candidate.at <= offset)
    if (span === undefined) return offset
    return span.fixed ? span.source : span.source + (offset - span.at)
  }
  return { text, sourceOffset }
}
